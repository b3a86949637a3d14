package recorder

import (
	"context"
	"time"

	"recgate/recording"
)

// ranSoFar returns for how long a recording runs that is in state Running. One
// that this process has not begun is counted from its first look on.
func (s *Service) ranSoFar(ctx context.Context, p recording.PBX, rec recording.Recording) time.Duration {
	if ran, counted := s.book.Ran(rec.ID); counted {
		return ran
	}
	return s.book.Count(rec.ID, s.ranUnseen(ctx, p, rec))
}

// growsWithin is how long ago a file that grows was written to at most: a PBX
// writes every 2.1 s.
const growsWithin = 10 * time.Second

// ranUnseen returns for how long a recording has run that nobody here has
// counted: by the sound in its file, which the PBX has counted, if the file
// grows; else by the clock.
func (s *Service) ranUnseen(ctx context.Context, p recording.PBX, rec recording.Recording) time.Duration {
	var files []spooled
	if p.Spool != nil {
		files, _ = openAll(p, rec.Tracks) // what cannot be opened counts nothing
		defer func() { s.closeAll(ctx, files) }()
	}
	for _, f := range files {
		if f.file == nil {
			continue
		}
		info, err := f.file.Stat()
		_, length, failed := s.sound.Check(f.file, f.size)
		if err == nil && failed == nil && length > 0 && time.Since(info.ModTime()).Abs() < growsWithin {
			return length
		}
	}
	return max(0, s.now().Sub(rec.StartedAt))
}
