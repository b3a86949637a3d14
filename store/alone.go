package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"

	"recgate/recording"
)

// migrating is the lease under which programs that share a server or a cluster
// migrate. A named lock of the server would not do: each node of a Galera
// cluster has its own, and MariaDB refuses them there.
const migrating = "migrate"

// migratingFor is how long the lease outlives a program that died with it.
const migratingFor = 20 * time.Second

// aloneFor runs up, which migrates, while no other program does. SQLite has a
// lock of its own for that, see sqliteLock; and where there is nothing to do
// no lease is needed, which an account may have no right to write.
func (db *DB) aloneFor(ctx context.Context, p *goose.Provider, up func(context.Context) error) error {
	if !db.Shared() {
		return up(ctx)
	}
	version, err := db.Version(ctx)
	if err != nil {
		return err
	}
	if version >= newestOf(p) {
		return up(ctx)
	}
	holder := rand.Text()
	if err := db.awaitLease(ctx, holder); err != nil {
		return err
	}
	working, lost := context.WithCancel(ctx)
	defer lost()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer lost()
		db.keepMigrating(working, holder, done)
	})
	err = up(working)
	close(done)
	wg.Wait()
	return errors.Join(err, db.Release(context.WithoutCancel(ctx), migrating, holder))
}

// awaitLease takes the lease, and makes its table first where there is none.
func (db *DB) awaitLease(ctx context.Context, holder string) error {
	for {
		got, err := db.TryLease(ctx, migrating, holder, migratingFor)
		var e *mysql.MySQLError
		if errors.As(err, &e) && e.Number == 1146 { // ER_NO_SUCH_TABLE
			got, err = false, db.makeLeases(ctx)
		}
		if got || err != nil && recording.CodeOf(err) != recording.Unavailable { // a table that changes stops a cluster
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(unavailable("another recgate is taking too long to update the database tables", "migrate the database", ctx.Err()), err)
		}
	}
}

// keepMigrating renews the lease until done is closed, or it is lost. A
// statement that changes a table stops a whole cluster for as long as it
// takes, so that a renewal which fails is tried again.
func (db *DB) keepMigrating(ctx context.Context, holder string, done <-chan struct{}) {
	tick := time.NewTicker(migratingFor / 5)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if got, err := db.Renew(ctx, migrating, holder, migratingFor); err == nil && !got {
			return
		}
	}
}

// makeLeases makes the table of leases as the migration does that would make
// it later.
func (db *DB) makeLeases(ctx context.Context) error {
	const query = `CREATE TABLE IF NOT EXISTS leases (
		name       VARBINARY(255) NOT NULL PRIMARY KEY,
		holder     VARBINARY(255) NOT NULL,
		held_until BIGINT         NOT NULL
	) ENGINE = InnoDB ROW_FORMAT = DYNAMIC`
	if _, err := db.writes.ExecContext(ctx, query); err != nil {
		return fault(ctx, db.dialect, "make the table of leases", fmt.Errorf("create: %w", err))
	}
	return nil
}

var _ recording.Leases = (*DB)(nil)
