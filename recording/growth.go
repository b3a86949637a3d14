package recording

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// stalledAfter is how long the file of a call that is talking may not grow. A
// PBX writes every 2.1 s.
const stalledAfter = 30 * time.Second

// growth remembers the sizes of files that are being written. The zero value
// is ready.
type growth struct {
	mu   sync.Mutex // guards seen
	seen map[ID]*grown
}

type grown struct {
	size  int64
	since time.Time // when it was first of this size, or could not be expected to grow
	said  bool
}

// note takes a look at a file, and tells whether it has now stood still for
// too long: once, until it grows again.
func (g *growth) note(id ID, size int64, talking bool) (stalled bool) {
	now := time.Now() // the machine's clock: this is waiting, not evidence
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seen == nil {
		g.seen = map[ID]*grown{}
	}
	f := g.seen[id]
	if f == nil {
		f = &grown{since: now}
		g.seen[id] = f
	}
	if size != f.size {
		f.size, f.since, f.said = size, now, false
	}
	if !talking {
		f.since = now
	}
	if f.said || size < someSound || now.Sub(f.since) < stalledAfter {
		return false
	}
	f.said = true
	return true
}

func (g *growth) forget(id ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.seen, id)
}

// Stalled returns how many recordings run whose files have stopped growing
// although their channels talk, for metrics.
func (s *Service) Stalled() int {
	s.growth.mu.Lock()
	defer s.growth.mu.Unlock()
	n := 0
	for _, f := range s.growth.seen {
		if f.said {
			n++
		}
	}
	return n
}

// watchGrowth reports a recording whose file has stopped growing although its
// channel talks. It may be silence that the telephone does not send, so the
// recording goes on.
func (s *Service) watchGrowth(ctx context.Context, p PBX, rec Recording, c Channel) {
	files, err := openAll(p, rec.Tracks)
	defer s.closeAll(ctx, files)
	if err != nil {
		return // a start and the collecting say so
	}
	var size int64
	for _, f := range files {
		size += f.size
	}
	if s.growth.note(rec.ID, size, c.State == Up && c.Bridge != "" && !c.OnHold) {
		s.o.Log.ErrorContext(ctx, "recording has stopped growing", append(attrs(rec), slog.Int64("bytes", size))...)
	}
}
