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

// trial remembers whether a start could be written into the database when that
// was last tried. /readyz is asked by anybody and as often as they like, and a
// write costs a sync of the disk: so it is tried in the background.
type trial struct {
	soon chan struct{} // a start has failed: try at once

	mu  sync.Mutex // guards err
	err error
}

func newTrial() *trial { return &trial{soon: make(chan struct{}, 1)} }

// run tries until ctx ends.
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
		timer.Reset(map[bool]time.Duration{true: tryEvery, false: tryAgain}[err == nil])
	}
}

// started has a start tried at once after one that failed.
func (t *trial) started(err error) {
	if code := recording.CodeOf(err); err == nil || code != recording.Unavailable && code != recording.Internal {
		return
	}
	select {
	case t.soon <- struct{}{}:
	default: // it is about to be tried
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

// databaseReady returns nil when a start could be written now.
func (g *gateway) databaseReady(ctx context.Context) error {
	if err := g.db.Ping(ctx); err != nil {
		return err
	}
	if err := g.trial.result(); err != nil {
		return err
	}
	return g.disks.CheckPlace(placeDatabase)
}

// archiveReady returns nil when a recording could be stored, and a start is
// not refused for want of room there.
func (g *gateway) archiveReady(ctx context.Context) error {
	if err := g.archive.Check(ctx); err != nil {
		return err
	}
	return g.disks.CheckPlace(placeArchive)
}

// pbxReady returns nil when a start on the PBX would work now.
func (g *gateway) pbxReady(p pbx) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := p.CanRecord(ctx); err != nil {
			return err
		}
		if err := g.disks.CheckPlace(spoolOf(p.Name)); err != nil {
			return err
		}
		return g.core.book.LastStart(p.Name, now())
	}
}
