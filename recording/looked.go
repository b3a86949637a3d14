package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"
)

// How long a spool file must not have grown before it is taken for closed.
// A PBX writes every 2.1 s (32 KiB of 8 kHz WAV) and fills in the header's
// sizes when it closes the file. A file with sizes is closed, unless it
// holds no audio yet: that looks the same as a recording just begun, for as
// long as it takes until something is written.
const (
	stillEmpty  = 3 * time.Second // header agrees, no audio
	stillBroken = 5 * time.Second // header does not agree: the PBX was killed
	missingFor  = 6 * time.Second // no file at all
)

// spooled is one track with its open file, nil when there is none.
type spooled struct {
	Track
	file SpoolFile
	size int64
}

func openAll(p PBX, tracks []Track) ([]spooled, error) {
	var files []spooled
	for _, t := range tracks {
		f, err := p.Spool().Open(t.File)
		if errors.Is(err, fs.ErrNotExist) {
			files = append(files, spooled{Track: t})
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
func unreadable(p PBX, cause error) error {
	return &Error{
		Code: Unavailable, Err: cause,
		Msg: fmt.Sprintf("a file of the PBX %q cannot be read: give the user that recgate runs as the right to read the folder of its key mount", p.Name()),
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
	lost   string
	length time.Duration
	good   []spooled // those that hold a WAV
}

// notWAV is the reason of a recording whose file is kept in the spool.
const notWAV = "what the PBX left in the spool is not a WAV"

// noFile is the reason of a recording of which there is no audio anywhere.
const noFile = "the PBX left no file in the spool"

// nothingInIt is the reason of one whose file is of no use to anybody.
const nothingInIt = "the PBX could write nothing into its file in the spool"

func (s *Service) look(files []spooled, c *collector) (looked, error) {
	var l looked
	var size int64
	closed, there := true, 0
	for _, f := range files {
		if f.file == nil {
			continue
		}
		there++
		size += f.size
		complete, length, err := s.sound.Check(f.file, f.size)
		if err == nil {
			l.good = append(l.good, f)
		}
		closed = closed && complete && err == nil
		l.length = max(l.length, length)
	}
	// The machine's clock, not the records': this is waiting, not evidence.
	if c.since.IsZero() || size != c.size {
		c.size, c.since = size, time.Now()
	}
	still := time.Since(c.since)
	switch {
	case there < len(files) || len(files) == 0:
		l.wait = until(missingFor, still)
	case !closed:
		l.wait = until(stillBroken, still)
	case l.length == 0:
		l.wait = until(stillEmpty, still)
	}
	switch {
	case l.wait > 0:
	case there == 0:
		l.lost = noFile
	case size == 0:
		l.lost = nothingInIt
	case len(l.good) == 0:
		l.lost = notWAV
	}
	return l, nil
}

// until returns when to look again: soon, as long as the time is not up.
func until(limit, still time.Duration) time.Duration {
	if still >= limit {
		return 0
	}
	return min(limit-still, 50*time.Millisecond+still/4)
}

// lastWritten returns when the PBX last wrote to a file of the recording, or
// the zero time.
func (s *Service) lastWritten(p PBX, rec Recording) time.Time {
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
