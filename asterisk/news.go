package asterisk

import (
	"context"
	"sync/atomic"
	"time"
)

// newsPatience is how long one who asks for an unknown channel waits for what
// the PBX has to say. A PBX that is busy for longer has not said no.
const newsPatience = 500 * time.Millisecond

// news lets those who miss a channel wait until the table has caught up with
// the PBX. However many miss one, the PBX is asked by one at a time, and those
// who came before it was asked share the answer.
type news struct {
	turn  chan struct{} // holds a token; who takes it asks
	begun atomic.Uint64 // how often the PBX was asked; counted by who has the turn
}

func newNews() *news {
	n := &news{turn: make(chan struct{}, 1)}
	n.turn <- struct{}{}
	return n
}

// hear returns when the listener has heard what the PBX had said when hear was
// called, or when that takes too long: the table says then what it knows.
func (n *news) hear(ctx context.Context, server asker) {
	ctx, cancel := context.WithTimeout(ctx, newsPatience)
	defer cancel()
	before := n.begun.Load()
	select {
	case <-n.turn:
	case <-ctx.Done():
		return
	}
	defer func() { n.turn <- struct{}{} }()
	if n.begun.Load() > before { // somebody has asked since, and got the answer
		return
	}
	n.begun.Add(1)
	_ = server.Mark(ctx) // without it, the table is as good as it was
}
