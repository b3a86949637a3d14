package store

import (
	"context"
	"time"
)

// TryLease implements job.Leases. Of two at once the row lets one
// through: the second meets the other's row, or on another node of a cluster
// fails when it commits and is run again.
func (db leases) TryLease(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	const update = `UPDATE leases SET holder = ?, held_until = ? WHERE name = ? AND (holder = ? OR held_until <= ?)`
	const insert = `INSERT INTO leases (name, holder, held_until) VALUES (?, ?, ?)`
	err = db.write(ctx, "take a lease", func(ctx context.Context, t tx) error {
		held = false
		now, err := t.clock(ctx)
		if err != nil {
			return err
		}
		until := now + ttl.Milliseconds()
		if n, err := t.exec(ctx, update, holder, until, name, holder, now); n > 0 || err != nil {
			held = err == nil
			return err
		}
		_, err = t.exec(ctx, insert, name, holder, until)
		if t.isDuplicate(err) { // somebody else holds it
			return nil
		}
		held = err == nil
		return err
	})
	return held && err == nil, err
}

// Renew implements job.Leases.
func (db leases) Renew(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	const query = `UPDATE leases SET held_until = ? WHERE name = ? AND holder = ?`
	err = db.write(ctx, "renew a lease", func(ctx context.Context, t tx) error {
		now, err := t.clock(ctx)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, query, now+ttl.Milliseconds(), name, holder)
		held = n > 0
		return err
	})
	return held && err == nil, err
}

// Release implements job.Leases.
func (db leases) Release(ctx context.Context, name, holder string) error {
	const query = `DELETE FROM leases WHERE name = ? AND holder = ?`
	return db.write(ctx, "release a lease", func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, query, name, holder)
		return err
	})
}

// clock returns the time of the database in milliseconds since 1970. It is
// read before any row is waited for, so a lease is rather ended early.
func (t tx) clock(ctx context.Context) (now int64, err error) {
	return now, t.row(ctx, t.dialect.queries().clock, nil, &now)
}
