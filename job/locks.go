package job

import (
	"context"
	"sync"

	"recgate/recording"
)

// Locks has a lock for each key, such as a channel, so that what is done about one
// of them is done one after the other. The zero value is ready.
type Locks[Key comparable] struct {
	mu   sync.Mutex // guards held
	held map[Key]*lock
}

// lock is the lock of one key; users counts its holder and those who wait for it.
type lock struct {
	turn  chan struct{} // holds a token while nobody has the lock
	users int
}

// Lock waits for the lock of a key, at most until ctx ends, and returns the function
// that releases it.
func (l *Locks[Key]) Lock(ctx context.Context, key Key) (unlock func(), err error) {
	one := l.join(key)
	select {
	case <-one.turn:
		return func() {
			one.turn <- struct{}{}
			l.leave(key)
		}, nil
	case <-ctx.Done():
		l.leave(key)
		return nil, &recording.Error{Code: recording.Unavailable, Msg: "an earlier action on this channel has not ended yet: try again", Err: ctx.Err()}
	}
}

func (l *Locks[Key]) join(key Key) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[Key]*lock{}
	}
	one := l.held[key]
	if one == nil {
		one = &lock{turn: make(chan struct{}, 1)}
		one.turn <- struct{}{}
		l.held[key] = one
	}
	one.users++
	return one
}

func (l *Locks[Key]) leave(key Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.held[key]; one != nil {
		if one.users--; one.users == 0 {
			delete(l.held, key)
		}
	}
}

// Held returns how many keys have a lock that somebody holds.
func (l *Locks[Key]) Held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}
