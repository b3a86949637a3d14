package recorder

import (
	"context"
	"sync"

	"recgate/recording"
)

// locks serialises actions on one channel. The zero value is ready.
type locks struct {
	mu   sync.Mutex // guards held
	held map[channelKey]*lock
}

type channelKey struct{ pbx, uniqueID string }

// lock is one channel's; users counts the holder and those who wait.
type lock struct {
	turn  chan struct{} // holds a token while nobody has the lock
	users int
}

// lock waits for the channel, at most until ctx ends, and returns what gives
// it free again.
func (l *locks) lock(ctx context.Context, pbx, uniqueID string) (unlock func(), err error) {
	key := channelKey{pbx, uniqueID}
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

func (l *locks) join(key channelKey) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[channelKey]*lock{}
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

func (l *locks) leave(key channelKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.held[key]; one != nil {
		if one.users--; one.users == 0 {
			delete(l.held, key)
		}
	}
}
