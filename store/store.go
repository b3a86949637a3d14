// Package store keeps the records of recgate in SQLite or MySQL (MariaDB). Open
// takes the database setting, Migrate brings the tables up to date, and DB is
// then the database of the core. Both dialects run the same queries,
// each written whole beside its scan in the file of its table; what differs
// is in sqlite.go, mysql.go and migrations/. Every write is one transaction,
// on disk when the method returns; text is compared byte for byte.
package store

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"recgate/recording"
)

// DB is an open database. It is safe for use from many goroutines, and finds
// a server that was away again by itself. Its methods are in the file of the
// table that they are about.
type DB struct {
	*database
	recordings
	lookup
	journal
	keys
	leases
	marks
	schema
}

// newDB gives an open database its methods.
func newDB(d *database) *DB {
	l := leases{d}
	return &DB{
		database: d, recordings: recordings{d}, lookup: lookup{d}, journal: journal{d},
		keys: keys{d}, leases: l, marks: marks{d}, schema: schema{d, l},
	}
}

// What is asked of a database, by what it is about.
type (
	recordings struct{ *database } // writes recordings and what becomes of them
	lookup     struct{ *database } // reads recordings
	journal    struct{ *database } // adds up recordings, and keeps the access log
	keys       struct{ *database } // API keys
	leases     struct{ *database } // who does which work
	marks      struct{ *database } // the mark of the archive
	schema     struct {            // the tables themselves
		*database
		leases leases
	}
)

// database are the connections, and the transactions over them.
type database struct {
	dialect dialect
	readers *sql.DB
	writes  *sql.DB // the pool of writer; on MySQL the same as readers
	writer  writer
	timeout time.Duration
	ran     func(wrote bool, took time.Duration, failed bool) // nil: nobody asks

	prepared *prepared     // of readers; nil on MySQL
	seats    chan struct{} // as many as readers has connections; nil on MySQL

	file    *openedFile  // of SQLite; nil on MySQL
	hasMark *atomic.Bool // the table of the archive's mark was seen
}

// Options are what a DB can be told besides its DSN. The zero value is good.
type Options struct {
	// Timeout ends every call that its own context does not end earlier; 4 s
	// when zero. Sums and Migrate, which read or change much, may take a minute.
	Timeout time.Duration
	// Existing makes a database file that is not there an error, which wraps
	// fs.ErrNotExist, instead of making the file. For those who only look.
	Existing bool
	// Ran is told of every transaction, for metrics: whether it wrote, how long
	// it took with the wait for its turn, and whether the database failed (not:
	// whether a caller was refused). It may be nil, and must not block.
	Ran func(wrote bool, took time.Duration, failed bool)
}

// slow is how long what concerns a whole table may take.
const slow = time.Minute

// Open opens the database that dsn names: sqlite:recgate.db (a file, made when
// it is not there) or mysql://user:password@host:3306/recgate, see parseDSN.
// A DSN that is neither is Invalid; a database that cannot be reached is
// Unavailable. No error holds the password. The caller closes the DB.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	source, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = 4 * time.Second
	}
	db, err := source.open(o)
	if err != nil {
		return nil, err
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.ran = o.Ran
	return db, nil
}

// Ping reports whether the database answers: nil, or an Unavailable error.
func (db *database) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	if err := db.there(ctx); err != nil {
		return err
	}
	for _, pool := range []*sql.DB{db.writes, db.readers} {
		var n int
		if err := pool.QueryRowContext(ctx, db.dialect.queries().ping).Scan(&n); err != nil {
			return fault(ctx, db.dialect, "ping the database", err)
		}
	}
	return nil
}

// Shared reports whether other programs may use the database at the same time,
// which then divide the work by its leases. An SQLite file has one.
func (db *database) Shared() bool {
	_, alone := db.dialect.(sqliteDialect)
	return !alone
}

// Close closes all connections. Calls that still run end with an error.
func (db *database) Close() error {
	err := errors.Join(db.file.close(), db.writes.Close())
	if db.readers != db.writes {
		err = errors.Join(err, db.readers.Close())
	}
	return err
}

// write runs change as one transaction that is durable on return. change may
// run more than once, so it must not keep anything of an earlier run.
func (db *database) write(ctx context.Context, what string, change change) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	began := time.Now()
	err := fault(ctx, db.dialect, what, db.writer.write(ctx, change))
	db.tell(true, began, err)
	return err
}

// tell reports a transaction. A caller who has gone is not a failure.
func (db *database) tell(wrote bool, began time.Time, err error) {
	if db.ran == nil {
		return
	}
	code := recording.CodeOf(err)
	failed := err != nil && (code == recording.Unavailable || code == recording.Internal) && !errors.Is(err, context.Canceled)
	db.ran(wrote, time.Since(began), failed)
}

// read runs look in one transaction, so that all it reads is of one moment.
func (db *database) read(ctx context.Context, timeout time.Duration, what string, look change) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	err := db.file.there(ctx, nil)
	if err == nil {
		err = fault(ctx, db.dialect, what, db.look(ctx, timeout < slow, look))
	}
	db.tell(false, began, err)
	return err
}

// readOnce runs look, which is one quick statement and so of one moment by
// itself, without a transaction.
func (db *database) readOnce(ctx context.Context, what string, look change) error {
	began := time.Now()
	err := db.file.there(ctx, nil)
	if err == nil {
		err = fault(ctx, db.dialect, what, db.lookOnce(ctx, look))
	}
	db.tell(false, began, err)
	return err
}

func (db *database) lookOnce(ctx context.Context, look change) error {
	if r, ok := db.writer.(*retrier); ok {
		ctx, cancel := context.WithTimeout(ctx, db.timeout)
		defer cancel()
		return r.readOnce(ctx, look)
	}
	db.prepared.prepare(ctx)
	if err := db.takeSeat(ctx); err != nil {
		return err
	}
	defer db.leaveSeat()
	return look(context.WithoutCancel(ctx), tx{sql: db.readers, dialect: db.dialect, prepared: db.prepared})
}

// takeSeat waits until a connection is free, no longer than db.timeout: what
// has a seat waits for none, and need not be told of ctx, see look.
func (db *database) takeSeat(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case db.seats <- struct{}{}:
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	select {
	case db.seats <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *database) leaveSeat() { <-db.seats }

// look reads. What is quick is told nothing of ctx once it has a seat: the
// driver starts a goroutine for each statement whose context can end.
func (db *database) look(ctx context.Context, quick bool, look change) error {
	if r, ok := db.writer.(*retrier); ok {
		return r.read(ctx, look)
	}
	db.prepared.prepare(ctx)
	if err := db.takeSeat(ctx); err != nil {
		return err
	}
	defer db.leaveSeat()
	if quick {
		ctx = context.WithoutCancel(ctx)
	}
	t, err := db.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // nothing was written
	return look(ctx, tx{sql: t, dialect: db.dialect, prepared: db.prepared})
}
