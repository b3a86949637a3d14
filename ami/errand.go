package ami

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// patience is how long an action waits for an action connection before
	// that of the events may take it.
	patience = 500 * time.Millisecond
	// settleAfter is how long a channel is left alone after a connection was
	// lost with an action on it unanswered, counted from when Asterisk serves
	// us anew: it reads what an old connection holds even when that is closed,
	// and a start and a stop at once have crashed it.
	settleAfter = time.Second
	// hopeless is how long a channel is left alone at most while Asterisk does
	// not let us in again.
	hopeless = time.Minute
)

// hand asks one action after the other over a connection.
type hand struct {
	*Client
	errands chan *errand // room for one
	idle    bool
}

// errand is an action on a channel, from its caller to its answer.
type errand struct {
	action  Action
	channel string
	since   time.Time
	left    bool          // the caller is gone; guarded by that of the pool
	done    chan struct{} // closed when got and err are set
	got     Message
	err     error
}

func (e *errand) finish(got Message, err error) {
	e.got, e.err = got, err
	close(e.done)
}

// leave ends the wait of a caller. An answer that came in time counts.
func (p *Pool) leave(ctx context.Context, e *errand) (Message, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.left = true
	if i := slices.Index(p.waiting, e); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return nil, fmt.Errorf("%s: %w: %v", e.action.name(), ErrBusy, ctx.Err())
	}
	select {
	case <-e.done:
		return e.got, e.err
	default:
		return nil, fmt.Errorf("%s: %w", e.action.name(), waitError(ctx))
	}
}

// match gives what waits to hands that are free, or fails it when no
// connection is up and none is about to be. It is called with mu held.
func (p *Pool) match() {
	if !slices.ContainsFunc(p.hands, (*hand).up) {
		if slices.ContainsFunc(p.hands, (*hand).isReturning) {
			return // it will be matched when that has succeeded or failed
		}
		_, lastErr := p.events.State()
		for _, e := range p.waiting {
			e.finish(nil, fmt.Errorf("%s: %w", e.action.name(), Down(lastErr)))
		}
		p.waiting = nil
		return
	}
	kept := p.waiting[:0]
	for i, e := range p.waiting {
		if p.busy[e.channel] {
			kept = append(kept, e)
			continue
		}
		h := p.free(time.Since(e.since))
		if h == nil { // nor for the younger ones
			kept = append(kept, p.waiting[i:]...)
			break
		}
		p.busy[e.channel], h.idle = true, false
		h.errands <- e
	}
	clear(p.waiting[len(kept):])
	p.waiting = kept
}

// free returns a hand for an action that has waited so long, or nil.
func (p *Pool) free(waited time.Duration) *hand {
	others := false
	for _, h := range p.actions() {
		switch up := h.up(); {
		case up && h.idle:
			return h
		case up:
			others = true
		}
	}
	if h := p.hands[len(p.hands)-1]; h.idle && h.up() && (!others || waited >= patience) {
		return h
	}
	return nil
}

// work is what a hand does until ctx ends, and its connection before that.
func (p *Pool) work(ctx context.Context, h *hand) {
	var resting sync.WaitGroup
	defer resting.Wait()
	for e := h.next(ctx); e != nil; e = h.next(ctx) {
		sent, sure := h.carry(ctx, e)
		p.release(h, e, !sent, sure)
		if !sure {
			resting.Go(func() {
				h.settle(ctx)
				p.clear(e.channel)
			})
		}
	}
}

// next returns the next errand, or nil when there will be none.
func (h *hand) next(ctx context.Context) *errand {
	select {
	case e := <-h.errands:
		return e
	case <-ctx.Done():
	}
	select {
	case e := <-h.errands: // it will fail, and its caller must know
		return e
	default:
		return nil
	}
}

// carry asks one action and stays with it until it is over, also when its
// caller leaves. A connection over which no answer comes within
// Options.ActionTimeout is replaced, so that the hand can take other actions.
// It tells whether the action may have been sent, and whether it is sure that
// it is over.
func (h *hand) carry(ctx context.Context, e *errand) (sent, sure bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.opt.ActionTimeout)
	defer cancel()
	got, err := h.askWithin(ctx, e.action, &request{})
	switch {
	case errors.Is(err, ErrDown) && !errors.Is(err, ErrLost):
		return false, true
	case errors.Is(err, ErrTimeout):
		h.drop(errUnanswered)
	}
	e.finish(got.response, err)
	return true, !errors.Is(err, ErrLost) && !errors.Is(err, ErrTimeout)
}

// release frees a hand; and the channel, when its action is over. What was not
// sent is the next again.
func (p *Pool) release(h *hand, e *errand, again, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.idle = true
	if over {
		delete(p.busy, e.channel)
	}
	if again && !e.left {
		p.waiting = slices.Insert(p.waiting, 0, e)
	}
	p.match()
}

// settle waits until Asterisk serves the hand anew, and settleAfter more.
func (h *hand) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, hopeless)
	defer cancel()
	for !h.up() && ctx.Err() == nil {
		sleep(ctx, settleAfter/20)
	}
	sleep(ctx, settleAfter)
}

// clear frees a channel that has settled.
func (p *Pool) clear(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, channel)
	p.match()
}
