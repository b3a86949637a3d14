package ami

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxWaiting is how many bytes of events may wait for a listener. 8192 events of
// a real Asterisk take 10 MB.
const maxWaiting = 64 << 20

// queue lies between the reader, which never waits, and a listener that may be
// slow. It holds at most limit events, of maxWaiting bytes, and a few other
// signals.
type queue struct {
	limit   int
	dropped *atomic.Int64 // counts for the metrics

	mu      sync.Mutex // guards the fields below
	waiting []queued
	events  int       // how many of waiting are events
	size    int       // of them, in bytes
	telling time.Time // when the signal came that is being told; zero: none is

	wake chan struct{} // has room for one: something waits
}

// queued is a signal and when it came.
type queued struct {
	Signal
	at time.Time
}

func newQueue(limit int, dropped *atomic.Int64) *queue {
	return &queue{limit: limit, dropped: dropped, wake: make(chan struct{}, 1)}
}

// push adds a signal and never blocks.
func (q *queue) push(s Signal) {
	now := time.Now()
	q.mu.Lock()
	switch s.Kind {
	case SignalEvent:
		q.pushEvent(queued{s, now})
	case SignalDown:
		q.forgetUp()
		q.waiting = append(q.waiting, queued{s, now})
	default:
		q.waiting = append(q.waiting, queued{s, now})
	}
	full := q.events > q.limit/2
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default: // it is awake already
	}
	if full {
		runtime.Gosched() // where both share a core, the listener goes first; this waits for nobody
	}
}

// pushEvent adds an event or counts it as dropped. Once it drops, it goes on
// until half of the queue is free: a listener that asks everything again after
// a gap would otherwise do so for each single event that finds room.
func (q *queue) pushEvent(s queued) {
	dropping := len(q.waiting) > 0 && q.waiting[len(q.waiting)-1].Kind == SignalDropped
	size := s.Message.size()
	if q.events < q.limit && q.size+size <= maxWaiting && (!dropping || q.events <= q.limit/2 && q.size <= maxWaiting/2) {
		q.waiting = append(q.waiting, s)
		q.events++
		q.size += size
		return
	}
	q.dropped.Add(1)
	if dropping {
		q.waiting[len(q.waiting)-1].Dropped++
		return
	}
	q.waiting = append(q.waiting, queued{Signal{Kind: SignalDropped, Dropped: 1}, s.at})
}

// forgetUp takes back what followed the last Down when it was only an Up, so
// that a listener that hangs through many reconnects costs no memory. Events
// dropped since then need no word: another Down and Up follow.
func (q *queue) forgetUp() {
	for i, s := range slices.Backward(q.waiting) {
		switch s.Kind {
		case SignalDown:
			q.waiting = q.waiting[:i]
			return
		case SignalEvent:
			return
		}
	}
}

// pop takes the oldest signal.
func (q *queue) pop() (Signal, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.waiting = nil // its array may have grown large
		q.telling = time.Time{}
		return Signal{}, false
	}
	s := q.waiting[0]
	q.telling = s.at
	q.waiting[0] = queued{} // for the garbage collector
	q.waiting = q.waiting[1:]
	if s.Kind == SignalEvent {
		q.events--
		q.size -= s.Message.size()
	}
	return s.Signal, true
}

// lag returns how long ago the oldest signal came that the listener has not heard
// to its end; 0 when there is none.
func (q *queue) lag() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	oldest := q.telling
	if oldest.IsZero() && len(q.waiting) > 0 {
		oldest = q.waiting[0].at
	}
	if oldest.IsZero() {
		return 0
	}
	return time.Since(oldest)
}

// deliver calls tell with each signal until ctx ends.
func (q *queue) deliver(ctx context.Context, tell func(Signal)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
		for s, ok := q.pop(); ok && ctx.Err() == nil; s, ok = q.pop() {
			tell(s)
		}
	}
}
