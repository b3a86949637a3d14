package recorder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"recgate/book"
	"recgate/recording"
)

// spooled is one track with its open file, nil when there is none.
type spooled struct {
	recording.Track
	file   recording.SpoolFile
	size   int64
	closed bool // its header agrees with its size
	odd    bool // something else than a file has its name
}

func openAll(p recording.PBX, tracks []recording.Track) ([]spooled, error) {
	var files []spooled
	for _, t := range tracks {
		f, err := p.Spool.Open(t.File)
		if errors.Is(err, fs.ErrNotExist) {
			files = append(files, spooled{Track: t})
			continue
		}
		if errors.Is(err, recording.ErrNotFile) {
			files = append(files, spooled{Track: t, odd: true})
			continue
		}
		if err != nil {
			return files, unreadable(p, err)
		}
		files = append(files, spooled{Track: t, file: f})
		info, err := f.Stat()
		if err != nil {
			return files, unreadable(p, err)
		}
		files[len(files)-1].size = info.Size()
	}
	return files, nil
}

// unreadable is the refusal of a spool file that is there and cannot be read.
func unreadable(p recording.PBX, cause error) error {
	if !errors.Is(cause, fs.ErrPermission) {
		return &recording.Error{Code: recording.Unavailable, Err: cause, Msg: fmt.Sprintf("a file of the PBX %q cannot be read: see the log, and check the disk of the folder in its key mount", p.Name)}
	}
	return &recording.Error{
		Code: recording.Unavailable, Err: cause,
		Msg: fmt.Sprintf("a file of the PBX %q cannot be read: give the recgate user read permission on the folder in its key mount", p.Name),
	}
}

func (s *Service) closeAll(ctx context.Context, files []spooled) {
	for _, f := range files {
		if f.file == nil {
			continue
		}
		if err := f.file.Close(); err != nil {
			s.o.Log.DebugContext(ctx, "spool file not closed", slog.Any("err", err))
		}
	}
}

// looked is what a look at the files says: wait and look again, or lost for
// a reason, or the length of the longest.
type looked struct {
	wait   time.Duration
	lost   recording.Reason // none: it is not
	length time.Duration
	good   []spooled       // those that hold a WAV
	note   recording.Notes // what the reason adds of how they were found
	stays  bool            // the files stay in the spool: they may hold more than was taken
	size   int64           // of all files
	closed bool            // all that are there have a header that agrees with their size
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

// look says whether the files of a recording can be taken, and how.
func (s *Service) look(rec recording.Recording, files []spooled, c *book.Wait) looked {
	l, there, odd, refusal := looked{closed: true}, 0, false, error(nil)
	for _, f := range files {
		odd = odd || f.odd
		if f.file == nil {
			continue
		}
		there++
		l.size += f.size
		complete, length, err := s.sound.Check(f.file, f.size)
		if f.closed = complete && err == nil; err == nil {
			l.good = append(l.good, f)
		} else {
			refusal = err
		}
		l.closed = l.closed && f.closed
		l.length = max(l.length, length)
	}
	still := c.Look(l.size)
	gone := false
	if there < len(files) || there == 0 {
		l.wait = until(missingFor, still)
	}
	if there > 0 {
		var wait time.Duration
		wait, gone = s.awaitWriter(rec, l, files, c, still)
		l.wait = max(l.wait, wait)
	}
	switch {
	case l.wait > 0:
	case there == 0 && odd:
		l.lost.Code = recording.ReasonNotFile
	case there == 0:
		l.lost.Code = recording.ReasonNoFile
	case l.size == 0:
		l.lost.Code = recording.ReasonNothingWritten
	case len(l.good) == 0:
		l.lost = whyUnusable(refusal)
	default:
		l.describe(len(files), there, gone)
	}
	l.stays = l.stays || l.lost != recording.Reason{} && l.lost.Code != recording.ReasonNothingWritten
	return l
}

// describe says how the files were found that are taken.
func (l *looked) describe(wanted, there int, gone bool) {
	unclosed := slices.ContainsFunc(l.good, func(f spooled) bool { return !f.closed })
	switch {
	case unclosed && gone:
		l.note = recording.NoteIncomplete
	case unclosed:
		l.note, l.stays = recording.NoteNeverClosed, true
	}
	if len(l.good) < wanted {
		l.note |= recording.NoteOneOfTwo
		l.stays = l.stays || len(l.good) < there
	}
}

// lastWritten returns when the PBX last wrote to a file of the recording, or
// the zero time.
func (s *Service) lastWritten(p recording.PBX, rec recording.Recording) time.Time {
	files, err := openAll(p, rec.Tracks)
	defer s.closeAll(context.Background(), files)
	var last time.Time
	if err != nil {
		return last
	}
	for _, f := range files {
		if f.file == nil {
			continue
		}
		if info, err := f.file.Stat(); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last.UTC().Truncate(time.Millisecond)
}
