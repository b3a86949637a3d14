package asterisk

import (
	"context"
	"sync/atomic"
	"time"
)

// catchUpPatience is how long one who asks for an unknown channel waits for what
// the PBX has to say. A PBX that is busy for longer has not said no.
const catchUpPatience = 500 * time.Millisecond

// catchUp lets those who miss a channel wait until the table has caught up with
// the PBX. However many miss one, the PBX is asked by one at a time, and those
// who came before it was asked share the answer.
type catchUp struct {
	turn  chan struct{} // holds a token; who takes it asks
	begun atomic.Uint64 // how often the PBX was asked; counted by who has the turn
}

func newCatchUp() *catchUp {
	c := &catchUp{turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// await returns when everything that the PBX had said before await was called
// is in the table, or when that takes too long: the table says then what it knows.
func (c *catchUp) await(ctx context.Context, server asker) {
	ctx, cancel := context.WithTimeout(ctx, catchUpPatience)
	defer cancel()
	before := c.begun.Load()
	select {
	case <-c.turn:
	case <-ctx.Done():
		return
	}
	defer func() { c.turn <- struct{}{} }()
	if c.begun.Load() > before { // somebody has asked since, and got the answer
		return
	}
	c.begun.Add(1)
	_ = server.Mark(ctx) // without it, the table is as good as it was
}
