package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"recgate/recording"
)

// settledWithin is how long anything may stay unsettled.
const settledWithin = time.Minute

// Unexplained compares rows, spools and archive in both directions, and calls
// found with what does not fit together: never, when all is well. All that is
// not in a final state is looked at, and every spool; of what is final and of
// the archive what belongs to recordings asked for in [from, to), the oldest
// first. looked, which may be nil, is called with how far that is. It only
// looks, needs no connection to a PBX, and may run beside another Service. The
// memory that it needs does not grow with the period, and time only with what
// there is in it.
func (s *Service) Unexplained(ctx context.Context, from, to time.Time, found func(recording.Finding), looked func(at time.Time)) error {
	rows, err := s.unsettled(ctx)
	if err != nil {
		return err
	}
	tell(found, rows)
	for _, p := range s.pbxs {
		files, err := s.spoolUnexplained(ctx, p)
		if err != nil {
			return err
		}
		tell(found, files)
	}
	folders, err := s.archiveFolders(ctx)
	if err != nil && ctx.Err() == nil {
		found(archiveAway(err))
		return nil
	}
	for at := from.UTC().Truncate(time.Millisecond); ; {
		start, err := s.nextToLookAt(ctx, at, folders)
		if err != nil || ctx.Err() != nil || start.IsZero() || !start.Before(to) {
			return errors.Join(err, ctx.Err())
		}
		if looked != nil {
			looked(start)
		}
		if at = spanOf(start).Add(prefixSpan); at.After(to) {
			at = to
		}
		more, err := s.archiveUnexplained(ctx, start, at, true)
		if err != nil {
			return err
		}
		tell(found, more)
	}
}

// tell passes on what was found in one place, records before files.
func tell(found func(recording.Finding), all []recording.Finding) {
	slices.SortStableFunc(all, func(a, b recording.Finding) int {
		return cmp.Or(cmp.Compare(places(a), places(b)), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name))
	})
	for _, f := range slices.Compact(all) {
		found(f)
	}
}

// archiveFolders returns when the spans begin of which the archive holds
// something, the first one first. An archive that cannot list has none.
func (s *Service) archiveFolders(ctx context.Context) ([]time.Time, error) {
	lister, ok := s.blobs.(recording.Lister)
	if !ok {
		return nil, nil
	}
	names, err := lister.Folders(ctx)
	var spans []time.Time
	for _, name := range names {
		if n, err := strconv.ParseInt(name, 16, 64); err == nil && len(name) == prefixLength {
			spans = append(spans, time.UnixMilli(n*prefixSpan.Milliseconds()).UTC())
		}
	}
	slices.SortFunc(spans, time.Time.Compare)
	return spans, err
}

// nextToLookAt returns the first time from at on of which there may be
// something in the rows or in the archive, whose spans with something in them
// are given; the zero time when there is none.
func (s *Service) nextToLookAt(ctx context.Context, at time.Time, archive []time.Time) (time.Time, error) {
	next, err := s.store.FirstAsked(ctx, at)
	if err != nil {
		return next, err
	}
	i, _ := slices.BinarySearchFunc(archive, at.Add(-prefixSpan), func(span, before time.Time) int {
		if span.After(before) { // it ends behind at
			return 1
		}
		return -1
	})
	if i == len(archive) {
		return next, nil
	}
	held := archive[i]
	if held.Before(at) {
		held = at
	}
	if next.IsZero() || held.Before(next) {
		next = held
	}
	return next, nil
}

// spanOf returns when the span of a time begins.
func spanOf(at time.Time) time.Time {
	return time.UnixMilli(at.UnixMilli() &^ (prefixSpan.Milliseconds() - 1)).UTC()
}

// places puts records before files.
func places(f recording.Finding) int {
	switch f.Place {
	case recording.InRecords:
		return 0
	case recording.InArchive:
		return 2
	}
	return 1
}

// unsettled finds the rows that are not final although they ought to be.
func (s *Service) unsettled(ctx context.Context) ([]recording.Finding, error) {
	open, err := s.store.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	var found []recording.Finding
	for _, rec := range open {
		if rec.State.Final() {
			continue // only its call goes on
		}
		what, err := s.whyUnsettled(ctx, rec)
		if err != nil {
			return nil, err
		}
		if what != "" {
			found = append(found, recording.Finding{Place: recording.InRecords, Name: string(rec.ID), What: what, Do: s.settleBy(rec)})
		}
	}
	return found, nil
}

// whyUnsettled says why a row that is not final ought to be, or nothing.
func (s *Service) whyUnsettled(ctx context.Context, rec recording.Recording) (string, error) {
	if rec.State == recording.Running {
		return s.whyRunning(ctx, rec), nil
	}
	past, err := s.store.History(ctx, rec.ID)
	if err != nil {
		return "", err
	}
	since := rec.AskedAt
	for _, p := range past {
		if p.To == rec.State {
			since = p.At
		}
	}
	if s.o.Now().Sub(since) <= settledWithin {
		return "", nil
	}
	return fmt.Sprintf("it has been %s since %s", rec.State, s.ago(since)), nil
}

// whyRunning judges a row that says that the PBX records: by the hangup that
// is known, by the file, to which a PBX writes every 2.1 s and whose header it
// completes when it closes it, and by the limit.
func (s *Service) whyRunning(ctx context.Context, rec recording.Recording) string {
	if ended := rec.ChannelEndedAt; !ended.IsZero() && s.o.Now().Sub(ended) > settledWithin {
		return "it is still recording, and its channel hung up " + s.ago(ended)
	}
	p, is := s.pbxs.Named(rec.PBX)
	if is && s.o.Now().Sub(rec.StartedAt) > settledWithin {
		if why := s.whyWritten(ctx, p, rec); why != "" {
			return why
		}
	}
	if longest := s.o.MaxLength; longest > 0 && s.ranUnseen(ctx, p, rec) > longest+settledWithin {
		return "it is still recording, for longer than max_seconds allows, since " + s.ago(rec.StartedAt)
	}
	return ""
}

// whyWritten says why the files of a recording are not those of one that runs.
func (s *Service) whyWritten(ctx context.Context, p recording.PBX, rec recording.Recording) string {
	files, err := openAll(p, rec.Tracks)
	defer func() { s.closeAll(ctx, files) }()
	if err != nil {
		return "it is recording, but its file cannot be checked: " + recording.Message(err)
	}
	for _, f := range files {
		if f.file == nil {
			return "it is recording, but the PBX writes no file " + f.File
		}
		written, err := f.file.Stat()
		if err != nil {
			continue
		}
		complete, length, err := s.sound.Check(f.file, f.size)
		still := time.Since(written.ModTime()) // a file's time is the machine's, whatever clock the records have
		switch {
		case complete && length > 0 && err == nil && still > settledWithin:
			return "it is still recording, and the PBX closed its file " + s.ago(written.ModTime())
		case f.size > someSound && still > silentFor:
			return "it is still recording, and the PBX last wrote to its file " + s.ago(written.ModTime())
		}
	}
	return ""
}

const (
	// someSound is more than a header: a file of this size has grown before.
	someSound = 1 << 10
	// silentFor is how long a call may be on hold, or send nothing, before
	// that is worth a look.
	silentFor = time.Hour
)

// settleBy says what to do about a row that is not settled.
func (s *Service) settleBy(rec recording.Recording) string {
	_, is := s.pbxs.Named(rec.PBX)
	switch {
	case !is:
		return fmt.Sprintf("its PBX %q is no longer configured: configure it again until this is settled", rec.PBX)
	case rec.State == recording.Collecting:
		return "look for its id in the log of serve: the archive, the spool or the database may be full or down; recgate retries by itself"
	}
	return fmt.Sprintf("is recgate serving, and is the PBX %q up? It is settled within a minute once both are", rec.PBX)
}

// ago writes a time with how long ago it was.
func (s *Service) ago(t time.Time) string {
	return fmt.Sprintf("%s (%s ago)", t.UTC().Format(time.RFC3339), s.o.Now().Sub(t).Round(time.Second))
}
