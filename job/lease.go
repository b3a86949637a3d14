package job

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"recgate/lease"
)

// Leases divide work among processes that share a database: the process that holds
// the lease of a name does the work of that name. Time is the database's, so that
// processes whose clocks differ agree; the nodes of a database cluster must agree to
// much less than a ttl. A holder that cannot renew in time must stop: after ttl
// another process may have begun.
type Leases interface {
	// TryLease takes the lease for ttl, if nobody holds it, it has run out,
	// or the holder has it already; false when somebody else holds it.
	TryLease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Renew makes the lease last for ttl from now. False when it is not the
	// holder's any more; one that ran out and that nobody took still is.
	Renew(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Release gives the lease back; one that is not the holder's is left as
	// it is, and is not an error.
	Release(ctx context.Context, name, holder string) error
}

const (
	// leaseFor is how long a lease lasts: what a process had that died is
	// free after that. It is renewed three times in between.
	leaseFor = 12 * time.Second
	// giveBack is how long it may take to give a lease back.
	giveBack = 4500 * time.Millisecond

	// AskAgain is when to ask again for work that another process has.
	AskAgain = 3 * time.Second
)

// Claims has work done by one process at a time. The zero value is for a process
// that is alone: it does all work.
type Claims struct {
	Leases Leases
	Holder string // names this process; empty: it is alone
	Log    *slog.Logger
}

// IsAlone reports whether no other process does the same work.
func (c Claims) IsAlone() bool { return c.Holder == "" }

// Do does the work of a name unless another process is doing it, and reports whether
// this one did. The context of do ends when the lease is lost. A process that was
// suspended notices that late, so two processes may do the same work for a moment,
// and do must be harmless when it runs twice at a time. It is: steps compare and
// set, and a file is in the archive as a whole or not at all.
func (c Claims) Do(ctx context.Context, name string, do func(ctx context.Context) error) (mine bool, err error) {
	if c.IsAlone() {
		return true, do(ctx)
	}
	asked := time.Now()
	if mine, err = c.Leases.TryLease(ctx, name, c.Holder, leaseFor); !mine || err != nil {
		return false, err
	}
	held := lease.Lease{For: leaseFor, Renew: func(ctx context.Context) (bool, error) { return c.Leases.Renew(ctx, name, c.Holder, leaseFor) }}
	lost, err := held.Keep(ctx, asked, do)
	switch {
	case errors.Is(lost, lease.ErrHeldElsewhere):
		c.Log.WarnContext(ctx, "lease lost to another process", slog.String("work", name))
	case lost != nil:
		c.Log.WarnContext(ctx, "lease could not be renewed", slog.String("work", name))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBack) // also when the process ends
	defer cancel()
	if err := c.Leases.Release(ctx, name, c.Holder); err != nil {
		c.Log.DebugContext(ctx, "lease not released, it will expire", slog.String("work", name), slog.Any("err", err))
	}
	return true, err
}
