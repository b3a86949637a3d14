package recorder

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"recgate/recording"
)

const (
	// leaseFor is how long a lease lasts: what a process had that died is
	// free after that. It is renewed three times in between.
	leaseFor = 12 * time.Second
	// askAgain is when to ask again for work that another process has.
	askAgain = 3 * time.Second
)

// leased does the work of a name unless another process is at it, and tells
// whether it was this one's to do. The context of do ends when the lease is
// lost, which a process that stood still learns late: two may be at the same
// work by error, so that do must be harmless twice at a time. It is, for steps
// compare and set, and what is put into the archive is whole or not there. A
// process that is alone has all work to itself.
func (s *Service) leased(ctx context.Context, name string, do func(ctx context.Context) error) (mine bool, err error) {
	if s.o.Holder == "" {
		return true, do(ctx)
	}
	asked := time.Now()
	if mine, err = s.store.TryLease(ctx, name, s.o.Holder, leaseFor); !mine || err != nil {
		return false, err
	}
	working, lost := context.WithCancel(ctx)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer lost()
		s.keepLease(working, name, asked, done)
	})
	err = do(working)
	close(done)
	wg.Wait()
	ctx, cancel := s.own(ctx) // given back also when the process ends
	defer cancel()
	if err := s.store.Release(ctx, name, s.o.Holder); err != nil {
		s.o.Log.DebugContext(ctx, "lease not given back, it runs out by itself", slog.String("work", name), slog.Any("err", err))
	}
	return true, err
}

// claim is collect for one of several processes.
func (s *Service) claim(ctx context.Context, c *Wait) (again time.Duration, err error) {
	if s.o.Holder == "" {
		return s.collect(ctx, c)
	}
	if rec, err := s.store.Get(ctx, c.ID); err != nil || rec.State != recording.Collecting {
		return 0, err // another process was faster: the lease costs two commits
	}
	mine, err := s.leased(ctx, collecting+string(c.ID), func(ctx context.Context) (err error) {
		again, err = s.collect(ctx, c)
		return err
	})
	if err == nil && !mine {
		again = askAgain
	}
	if _, over := s.steps.Overtaken(ctx, c.ID, err, recording.Collecting); over {
		return 0, nil
	}
	return again, err
}

// keepLease renews a lease that was had at a time until done is closed. It
// returns earlier when the lease is another's, or may be.
func (s *Service) keepLease(ctx context.Context, name string, had time.Time, done <-chan struct{}) {
	tick := time.NewTicker(leaseFor / 4)
	defer tick.Stop()
	for time.Since(had) < leaseFor {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		mine, err := s.store.Renew(ctx, name, s.o.Holder, leaseFor)
		switch {
		case err == nil && !mine:
			s.o.Log.WarnContext(ctx, "lease lost to another process", slog.String("work", name))
			return
		case err == nil:
			had = asked
		}
	}
	s.o.Log.WarnContext(ctx, "lease could not be renewed", slog.String("work", name))
}
