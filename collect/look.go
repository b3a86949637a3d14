package collect

import (
	"errors"
	"slices"
	"time"

	"recgate/book"
	"recgate/recording"
	"recgate/spool"
)

// look is what a look at the files of a recording says: wait and look again, or
// lost for a reason, or the length of the longest.
type look struct {
	pbx   recording.PBX
	rec   recording.Recording
	files spool.Files

	wait   time.Duration
	lost   recording.Reason // none: it is not
	length time.Duration
	good   spool.Files     // those that hold a WAV
	note   recording.Notes // what the reason adds of how they were found
	stays  bool            // the files stay in the spool: they may hold more than was taken

	there    int   // files that are there
	closed   bool  // all that are there have a header that agrees with their size
	unclosed bool  // one that holds a WAV has not
	refusal  error // of one that does not
}

// whyUnusable is the reason of a file that Sound refuses. The file is kept in
// the spool.
func whyUnusable(refusal error) recording.Reason {
	var other interface{ Kind() string }
	if errors.As(refusal, &other) {
		return recording.Reason{Code: recording.ReasonOtherFormat, Detail: other.Kind()}
	}
	return recording.Reason{Code: recording.ReasonNotWAV}
}

// lookAt says whether the files of a recording can be taken, and how.
func (c *Collector) lookAt(p recording.PBX, rec recording.Recording, files spool.Files, w *book.Wait) look {
	l := look{pbx: p, rec: rec, files: files, closed: true}
	l.check(c.Sound)
	still := w.Look(files.Size())
	gone := false
	if files.Missing() || l.there == 0 {
		l.wait = until(missingFor, still)
	}
	if l.there > 0 {
		var wait time.Duration
		wait, gone = l.awaitWriter(w, still)
		l.wait = max(l.wait, wait)
	}
	if l.wait == 0 {
		l.judge(gone)
	}
	return l
}

// check looks at the sound of all files.
func (l *look) check(sound spool.Checker) {
	for _, f := range l.files {
		if f.Body == nil {
			continue
		}
		l.there++
		complete, length, err := sound.Check(f.Body, f.Size)
		if err == nil {
			l.good = append(l.good, f)
			l.unclosed = l.unclosed || !complete
		} else {
			l.refusal = err
		}
		l.closed = l.closed && complete && err == nil
		l.length = max(l.length, length)
	}
}

// judge says what becomes of files that are not waited for any more; gone says
// that nobody writes to them.
func (l *look) judge(gone bool) {
	switch {
	case l.there == 0 && slices.ContainsFunc(l.files, func(f spool.File) bool { return f.Odd }):
		l.lost.Code = recording.ReasonNotFile
	case l.there == 0:
		l.lost.Code = recording.ReasonNoFile
	case l.files.Size() == 0:
		l.lost.Code = recording.ReasonNothingWritten
	case len(l.good) == 0:
		l.lost = whyUnusable(l.refusal)
	default:
		l.describe(gone)
	}
	l.stays = l.stays || l.lost != recording.Reason{} && l.lost.Code != recording.ReasonNothingWritten
}

// describe says how the files were found that are taken.
func (l *look) describe(gone bool) {
	switch {
	case l.unclosed && gone:
		l.note = recording.NoteIncomplete
	case l.unclosed:
		l.note, l.stays = recording.NoteNeverClosed, true
	}
	if len(l.good) < len(l.files) {
		l.note |= recording.NoteOneOfTwo
		l.stays = l.stays || len(l.good) < l.there
	}
}
