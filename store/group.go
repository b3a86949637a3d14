package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"
)

// group writes to a database that takes one writer at a time. Changes that
// come while another commits wait and then share one transaction, so that
// many cost one sync of the disk; a change that comes alone waits for nobody.
// Each change has its own savepoint: one that fails undoes nothing of others.
type group struct {
	db       *sql.DB
	dialect  dialect
	timeout  time.Duration
	prepared *prepared
	there    func(context.Context) error // nil while the file is there, see openedFile.there
	turn     chan struct{}               // holds a token; who takes it commits all that wait

	mu      sync.Mutex // guards waiting
	waiting []*waiter
}

// waiter is a change that somebody waits for.
type waiter struct {
	change change
	done   chan error // room for one: the committer waits for nobody
}

func newGroup(db *sql.DB, d dialect, timeout time.Duration, there func(context.Context) error) *group {
	g := &group{db: db, dialect: d, timeout: timeout, prepared: newPrepared(db), there: there, turn: make(chan struct{}, 1)}
	g.turn <- struct{}{}
	return g
}

// write returns when c is on disk, or failed. A context that ends leaves c
// undone as long as nobody has begun it; after that the outcome is waited
// for, which takes no longer than g.timeout.
func (g *group) write(ctx context.Context, c change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{c, make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	select {
	case <-g.turn:
		g.commitAll(ctx)
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if g.leave(w) {
			return ctx.Err()
		}
	}
	return <-w.done
}

// leave takes w out of the queue, and reports whether it was still there.
func (g *group) leave(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// commitAll commits what waits, tells everybody and gives the turn back. It
// does not end with the context of the one who happens to have the turn.
func (g *group) commitAll(ctx context.Context) {
	defer func() { g.turn <- struct{}{} }()
	g.mu.Lock()
	batch := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.timeout)
	defer cancel()
	errs := make([]error, len(batch))
	err := g.commit(ctx, batch, errs)
	for i, w := range batch {
		if err != nil { // nothing was kept, and what a change said of the others' rows is void
			errs[i] = err
		}
		w.done <- errs[i]
	}
}

// commit runs all changes in one transaction. errs gets what each of them
// said; the error returned means that the whole transaction is undone. Hardly
// ever does a change fail, so savepoints, two statements for each change, are
// only made when one did.
func (g *group) commit(ctx context.Context, batch []*waiter, errs []error) error {
	if err := g.there(ctx); err != nil {
		return err
	}
	g.prepared.prepare(ctx)
	refused, err := g.together(ctx, batch)
	switch {
	case refused == nil:
		return err
	case len(batch) == 1:
		errs[0] = refused
		return nil
	}
	return g.apart(ctx, batch, errs)
}

// together commits all changes, or undoes all of them and returns what one
// said that was refused. err is a failure of the transaction itself.
func (g *group) together(ctx context.Context, batch []*waiter) (refused, err error) {
	t, err := g.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing
	for _, w := range batch {
		if err := w.change(context.WithoutCancel(ctx), g.tx(t)); err != nil {
			return err, nil
		}
	}
	return nil, t.Commit()
}

// apart commits the changes that are not refused.
func (g *group) apart(ctx context.Context, batch []*waiter, errs []error) error {
	t, err := g.begin(ctx)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing
	ctx = context.WithoutCancel(ctx)
	for i, w := range batch {
		if _, err := t.ExecContext(ctx, `SAVEPOINT one_change`); err != nil {
			return err
		}
		if errs[i] = w.change(ctx, g.tx(t)); errs[i] != nil {
			// This fails when SQLite has undone the whole transaction, as
			// it does when the disk is full.
			if _, err := t.ExecContext(ctx, `ROLLBACK TO one_change`); err != nil {
				return fmt.Errorf("%w (and undoing it: %w)", errs[i], err)
			}
		}
		if _, err := t.ExecContext(ctx, `RELEASE one_change`); err != nil {
			return err
		}
	}
	return t.Commit()
}

// begin begins a transaction that ends with ctx. What runs in it is told
// nothing of ctx: the one writer waits for nobody from here on, and the driver
// starts a goroutine for each statement whose own context can end.
func (g *group) begin(ctx context.Context) (*sql.Tx, error) { return g.db.BeginTx(ctx, nil) }

func (g *group) tx(t *sql.Tx) tx { return tx{sql: t, dialect: g.dialect, prepared: g.prepared} }
