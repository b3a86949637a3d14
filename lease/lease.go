// Package lease renews a lease of the database while work is done under it.
// Who takes leases, and for what, is decided elsewhere: by job for the work
// that gateways divide, by store for migrations.
package lease

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Why work was ended before its time.
var (
	ErrHeldElsewhere = errors.New("another process has the lease")
	ErrNotRenewed    = errors.New("the lease could not be renewed in time")
)

// Lease is a lease that this process has.
type Lease struct {
	Renew func(ctx context.Context) (mine bool, err error)
	For   time.Duration // how long it lasts; it is renewed three times in between
	// Patient work continues while renewals fail; it ends only when a renewal says
	// that another process has the lease.
	Patient bool
}

// Keep renews the lease, which was asked for at a time, until do returns. The
// context of do ends when the lease is lost, or may be; lost then says why.
func (l Lease) Keep(ctx context.Context, asked time.Time, do func(ctx context.Context) error) (lost, err error) {
	working, end := context.WithCancel(ctx)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer end()
		lost = l.renew(working, asked, done)
	})
	err = do(working)
	close(done)
	wg.Wait()
	return lost, err
}

// renew renews the lease until done is closed or ctx ends.
func (l Lease) renew(ctx context.Context, asked time.Time, done <-chan struct{}) (lost error) {
	tick := time.NewTicker(l.For / 4)
	defer tick.Stop()
	for l.Patient || time.Since(asked) < l.For {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		again := time.Now()
		switch mine, err := l.Renew(ctx); {
		case err == nil && !mine:
			return ErrHeldElsewhere
		case err == nil:
			asked = again
		}
	}
	return ErrNotRenewed
}
