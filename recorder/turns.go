package recorder

import (
	"context"
	"sync"
)

// channelKey names a channel of a PBX.
type channelKey struct{ pbx, uniqueID string }

// turns keeps what is to be done about one channel in the order in which its
// events came, while those of other channels go on. The zero value is ready.
type turns struct {
	mu      sync.Mutex // guards waiting
	waiting map[channelKey][]func(context.Context)
}

// add puts do behind what waits for the channel, and reports whether it is the
// first: then run must be called.
func (q *turns) add(key channelKey, do func(context.Context)) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == nil {
		q.waiting = map[channelKey][]func(context.Context){}
	}
	q.waiting[key] = append(q.waiting[key], do)
	return len(q.waiting[key]) == 1
}

// run does what waits for the channel, one after the other, until nothing does.
func (q *turns) run(ctx context.Context, key channelKey) {
	for do := q.head(key); do != nil; do = q.next(key) {
		do(ctx)
	}
}

func (q *turns) head(key channelKey) func(context.Context) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting[key]) == 0 {
		delete(q.waiting, key)
		return nil
	}
	return q.waiting[key][0]
}

// next drops the one that was done and returns the one after it.
func (q *turns) next(key channelKey) func(context.Context) {
	q.mu.Lock()
	q.waiting[key] = q.waiting[key][1:]
	q.mu.Unlock()
	return q.head(key)
}
