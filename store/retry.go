package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"time"
)

// maxIdle is how many connections to MySQL are kept.
const maxIdle = 12

// maxMoves is how often a transaction is begun on a new connection because
// the one that it had broke or its server could not go on.
const maxMoves = 4

// retrier runs changes on a server that takes many at once, may end one of two
// that stand in each other's way, and may be one of a cluster that is lost.
type retrier struct {
	pool    *sql.DB
	dialect dialect
	several bool // servers, of which another may take over
}

// write runs c until it gets through, or cannot, or ctx ends. When the
// connection breaks during the commit nobody knows whether it was made: c is
// then run again with tx.repeated, and does nothing if it was.
func (r *retrier) write(ctx context.Context, c change) error {
	return r.run(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, c)
}

// read runs look, which changes nothing.
func (r *retrier) read(ctx context.Context, look change) error {
	return r.run(ctx, &sql.TxOptions{ReadOnly: true}, look)
}

// readOnce runs look, which is one statement, without a transaction: two trips
// to the server less.
func (r *retrier) readOnce(ctx context.Context, look change) error { return r.run(ctx, nil, look) }

func (r *retrier) run(ctx context.Context, o *sql.TxOptions, c change) error {
	repeated, moves := false, 0
	for pause := time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		out := r.once(ctx, o, repeated, c)
		switch {
		case out.err == nil:
			return nil
		case out.bad && moves < maxMoves:
			moves++
		case !out.again:
			return out.err
		}
		repeated = repeated || out.unknown
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), out.err)
		}
	}
}

// outcome is what came of one transaction.
type outcome struct {
	err     error
	again   bool // it was ended for the sake of another: the same may get through now
	bad     bool // its connection is of no use any more, and another may be
	unknown bool // it may have been committed
}

// once runs c in a transaction, or without one where o is nil. Read committed, so that a look-up that finds
// nothing locks nothing; rows that must not change are locked by an UPDATE first.
func (r *retrier) once(ctx context.Context, o *sql.TxOptions, repeated bool, c change) (out outcome) {
	conn, err := r.pool.Conn(ctx)
	if err != nil { // no server lets us in: another try now would meet the same
		return outcome{err: err, again: r.dialect.kindOf(err) == again}
	}
	defer conn.Close() //nolint:errcheck // gives it back to the pool
	committing := false
	err = func() error {
		if o == nil {
			return c(ctx, tx{sql: conn, dialect: r.dialect, repeated: repeated})
		}
		t, err := conn.BeginTx(ctx, o)
		if err != nil {
			return err
		}
		defer t.Rollback() //nolint:errcheck // after a commit it does nothing
		if err := c(ctx, tx{sql: t, dialect: r.dialect, repeated: repeated}); err != nil {
			return err
		}
		committing = true
		return t.Commit()
	}()
	out = outcome{err: err}
	if err == nil {
		return out
	}
	if errors.Is(err, errAgain) {
		out.again = true
		return out
	}
	switch r.dialect.kindOf(err) {
	case again:
		out.again = true
	case notReady:
		out.again, out.bad = true, r.several
	case readOnly:
		out.bad = r.several
	case away:
		out.bad, out.unknown = true, committing
	}
	if out.bad || ctx.Err() != nil && r.several {
		r.leave(conn)
	}
	return out
}

// leave drops a connection and all that wait in the pool, so that the next one
// is replaced: by one to another server if this one has a fault.
func (r *retrier) leave(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // has the pool close it
	r.pool.SetMaxIdleConns(0)
	r.pool.SetMaxIdleConns(maxIdle)
}
