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
	// patience is how long an action waits for an action connection before the
	// event connection may take it.
	patience = 500 * time.Millisecond
	// settleAfter is how long a channel is left alone if its connection was lost
	// before an action on it was answered. It counts from when Asterisk serves us
	// again: Asterisk reads what an old connection holds even after it was closed,
	// and a start and a stop at the same time have crashed it.
	settleAfter = time.Second
	// settleAtMost is how long a channel is left alone while Asterisk does not
	// let us in again.
	settleAtMost = time.Minute
)

// worker asks one action after the other over a connection.
type worker struct {
	*Client
	tasks chan *task // room for one
	idle  bool
}

// task is an action on a channel, from its caller to its answer.
type task struct {
	action  Action
	channel string
	since   time.Time
	left    bool          // the caller is gone; guarded by the mutex of the pool
	done    chan struct{} // closed when got and err are set
	got     Message
	err     error
}

func (t *task) finish(got Message, err error) {
	t.got, t.err = got, err
	close(t.done)
}

// leave ends the wait of a caller. An answer that came in time counts.
func (p *Pool) leave(ctx context.Context, t *task) (Message, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.left = true
	if i := slices.Index(p.waiting, t); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return nil, fmt.Errorf("%s: %w: %v", t.action.name(), ErrBusy, ctx.Err())
	}
	select {
	case <-t.done:
		return t.got, t.err
	default:
		return nil, fmt.Errorf("%s: %w", t.action.name(), waitError(ctx))
	}
}

// match gives the waiting tasks to free workers, or fails them if no connection
// is up and none is about to be. It is called with mu held.
func (p *Pool) match() {
	if !slices.ContainsFunc(p.workers, (*worker).isUp) {
		if slices.ContainsFunc(p.workers, (*worker).isReturning) {
			return // the end of that login, good or bad, calls match again
		}
		_, lastErr := p.events.State()
		for _, t := range p.waiting {
			t.finish(nil, fmt.Errorf("%s: %w", t.action.name(), NotConnected(lastErr)))
		}
		p.waiting = nil
		return
	}
	kept := p.waiting[:0]
	for i, t := range p.waiting {
		if p.busy[t.channel] {
			kept = append(kept, t)
			continue
		}
		w := p.free(time.Since(t.since))
		if w == nil { // nor for the younger ones
			kept = append(kept, p.waiting[i:]...)
			break
		}
		p.busy[t.channel], w.idle = true, false
		w.tasks <- t
	}
	clear(p.waiting[len(kept):])
	p.waiting = kept
}

// free returns a free worker for an action that has waited this long, or nil.
func (p *Pool) free(waited time.Duration) *worker {
	others := false
	for _, w := range p.actions() {
		switch up := w.isUp(); {
		case up && w.idle:
			return w
		case up:
			others = true
		}
	}
	if w := p.workers[len(p.workers)-1]; w.idle && w.isUp() && (!others || waited >= patience) {
		return w
	}
	return nil
}

// work is what a worker does until ctx ends, and its connection before that.
func (p *Pool) work(ctx context.Context, w *worker) {
	var resting sync.WaitGroup
	defer resting.Wait()
	for t := w.next(ctx); t != nil; t = w.next(ctx) {
		sent, sure := w.carry(ctx, t)
		p.release(w, t, !sent, sure)
		if !sure {
			resting.Go(func() {
				w.settle(ctx)
				p.unblock(t.channel)
			})
		}
	}
}

// next returns the next task, or nil when there will be none.
func (w *worker) next(ctx context.Context) *task {
	select {
	case t := <-w.tasks:
		return t
	case <-ctx.Done():
	}
	select {
	case t := <-w.tasks: // it will fail, and its caller must know
		return t
	default:
		return nil
	}
}

// carry asks one action and waits for its answer, even if its caller leaves. A
// connection that brings no answer within Options.ActionTimeout is replaced, so
// that the worker can take other actions. carry reports whether the action may
// have been sent, and whether it has certainly ended.
func (w *worker) carry(ctx context.Context, t *task) (sent, sure bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.opt.ActionTimeout)
	defer cancel()
	got, err := w.askWithin(ctx, t.action, &request{})
	switch {
	case errors.Is(err, ErrDown) && !errors.Is(err, ErrLost):
		return false, true
	case errors.Is(err, ErrTimeout):
		w.drop(errUnanswered)
	}
	t.finish(got.response, err)
	return true, !errors.Is(err, ErrLost) && !errors.Is(err, ErrTimeout)
}

// release frees a worker, and the channel if its action has ended. A task that
// was not sent is the next one again.
func (p *Pool) release(w *worker, t *task, again, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.idle = true
	if ended {
		delete(p.busy, t.channel)
	}
	if again && !t.left {
		p.waiting = slices.Insert(p.waiting, 0, t)
	}
	p.match()
}

// settle waits until Asterisk serves the worker again, and settleAfter longer.
func (w *worker) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleAtMost)
	defer cancel()
	for !w.isUp() && ctx.Err() == nil {
		sleep(ctx, settleAfter/20)
	}
	sleep(ctx, settleAfter)
}

// unblock frees a channel that has settled.
func (p *Pool) unblock(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, channel)
	p.match()
}
