package main

import (
	"context"
	"sync"
	"time"

	"recgate/recording"
)

const (
	tryEvery = 10 * time.Second // while starts can be written
	tryAgain = time.Second      // while they cannot
)

// trial tries in the background whether a start could be written into the database,
// and remembers the result for /readyz: a write costs a sync of the disk, and anybody
// may ask /readyz as often as they like.
type trial struct {
	soon chan struct{} // a start has failed: try at once

	mu  sync.Mutex // guards err
	err error
}

func newTrial() *trial { return &trial{soon: make(chan struct{}, 1)} }

// run calls try until ctx ends: every ten seconds while starts can be written, every
// second while they cannot, and at once after a start that failed.
func (t *trial) run(ctx context.Context, try func(context.Context) error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-t.soon:
		}
		err := try(ctx)
		if ctx.Err() != nil {
			return
		}
		t.mu.Lock()
		t.err = err
		t.mu.Unlock()
		if err != nil {
			timer.Reset(tryAgain)
		} else {
			timer.Reset(tryEvery)
		}
	}
}

// noteStart makes run try at once after a start that failed.
func (t *trial) noteStart(err error) {
	if code := recording.CodeOf(err); err == nil || code != recording.Unavailable && code != recording.Internal {
		return
	}
	select {
	case t.soon <- struct{}{}:
	default: // run is about to try already
	}
}

// result is nil until a trial has failed, and after one that did not.
func (t *trial) result() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// tryStarts tries in the background whether a start could be written.
func (g *gateway) tryStarts(ctx context.Context) error {
	g.trial.run(ctx, g.db.TryStart)
	return nil
}
