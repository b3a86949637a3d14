package recording

import (
	"context"
	"sync"
	"time"
)

// stopwatch counts for how long recordings run, by the monotonic clock of this
// machine: what a row's times say is as long as the clock was not set
// meanwhile. The zero value is ready.
type stopwatch struct {
	mu   sync.Mutex // guards runs
	runs map[ID]lap
}

// lap is the part of a recording that this process has seen.
type lap struct {
	since  time.Time     // time.Now, with its monotonic reading
	before time.Duration // how long it had run by then
}

// start counts a recording from now on, unless it is counted already.
func (w *stopwatch) start(id ID, before time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == nil {
		w.runs = map[ID]lap{}
	}
	if _, counted := w.runs[id]; !counted {
		w.runs[id] = lap{time.Now(), before}
	}
}

// ran returns for how long a recording has run that is counted.
func (w *stopwatch) ran(id ID) (d time.Duration, counted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l, counted := w.runs[id]
	return l.before + time.Since(l.since), counted
}

func (w *stopwatch) forget(id ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.runs, id)
}

// ranSoFar returns for how long a recording runs that is in state Running. One
// that this process has not begun is counted from its first look on.
func (s *Service) ranSoFar(ctx context.Context, p PBX, rec Recording) time.Duration {
	if ran, counted := s.stopwatch.ran(rec.ID); counted {
		return ran
	}
	s.stopwatch.start(rec.ID, s.ranUnseen(ctx, p, rec))
	ran, _ := s.stopwatch.ran(rec.ID)
	return ran
}

// growsWithin is how long ago a file that grows was written to at most: a PBX
// writes every 2.1 s.
const growsWithin = 10 * time.Second

// ranUnseen returns for how long a recording has run that nobody here has
// counted: by the sound in its file, which the PBX has counted, if the file
// grows; else by the clock.
func (s *Service) ranUnseen(ctx context.Context, p PBX, rec Recording) time.Duration {
	var files []spooled
	if p != nil {
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
