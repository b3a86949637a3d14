package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"

	"recgate/lease"
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
func (db schema) aloneFor(ctx context.Context, p *goose.Provider, up func(context.Context) error) error {
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
	// A statement that changes a table stops a whole cluster for as long as it
	// takes, renewals too.
	held := lease.Lease{For: migratingFor, Patient: true, Renew: func(ctx context.Context) (bool, error) {
		return db.leases.Renew(ctx, migrating, holder, migratingFor)
	}}
	_, err = held.Keep(ctx, time.Now(), up)
	return errors.Join(err, db.leases.Release(context.WithoutCancel(ctx), migrating, holder))
}

// awaitLease takes the lease, and makes its table first where there is none.
func (db schema) awaitLease(ctx context.Context, holder string) error {
	for {
		got, err := db.leases.TryLease(ctx, migrating, holder, migratingFor)
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

// makeLeases makes the table of leases as the migration does that would make
// it later.
func (db schema) makeLeases(ctx context.Context) error {
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
