package ami

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// backoff says how long to wait before the next attempt to connect.
type backoff struct {
	min, max, refused time.Duration
	random            io.Reader
	last              time.Duration // before jitter; zero after a good connection
}

// next returns the wait after a connection or an attempt that lasted so long
// and ended with err. A connection that stood longer than its wait was good
// and makes the next wait short again; a refused login makes it long.
func (b *backoff) next(err error, stood time.Duration) time.Duration {
	switch {
	case errors.Is(err, ErrInUse): // mostly by ourselves: Asterisk has not seen yet that we left
		b.last = min(max(2*b.last, b.min), b.refused)
	case errors.Is(err, ErrAuth) || errors.Is(err, ErrUnsafe):
		b.last = min(max(2*b.last, b.max), b.refused)
	case b.last == 0 || stood >= b.last:
		b.last = b.min
	default:
		b.last = min(2*b.last, b.max)
	}
	return b.last - b.jitter(b.last/2)
}

// jitter returns a random duration in [0, limit]: gateways that lost one PBX
// together shall not come back together.
func (b *backoff) jitter(limit time.Duration) time.Duration {
	var bytes [8]byte
	if _, err := io.ReadFull(b.random, bytes[:]); err != nil || limit <= 0 {
		return 0 // without chance the wait is only longer
	}
	return time.Duration(binary.BigEndian.Uint64(bytes[:]) % uint64(limit+1))
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
