package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// mysqlDialect is MySQL and MariaDB; its value is the name of the database.
type mysqlDialect string

// open opens one pool for all.
func (s mysqlSource) open(o Options) (*DB, error) {
	c := s.config.Clone()
	c.Timeout, c.ReadTimeout, c.WriteTimeout = o.Timeout, slow, o.Timeout
	c.ParseTime, c.Loc = true, time.UTC // the table of goose has times
	c.InterpolateParams = true          // one round trip instead of three
	c.ClientFoundRows = true            // a row that is as wanted already is still there
	c.Logger = &mysql.NopLogger{}       // what breaks is returned
	if err := c.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(12)
	pool.SetConnMaxLifetime(3 * time.Minute) // servers drop what idles longer
	d := mysqlDialect(c.DBName)
	return &DB{dialect: d, readers: pool, writes: pool, writer: &retrier{pool, d}, timeout: o.Timeout}, nil
}

// bind makes text bytes: all columns of text are VARBINARY, and as bytes they
// are stored and compared as they are, whatever they hold.
func (mysqlDialect) bind(args []any) []any {
	bound := make([]any, len(args))
	for i, a := range args {
		if v := reflect.ValueOf(a); v.Kind() == reflect.String {
			a = []byte(v.String())
		}
		bound[i] = a
	}
	return bound
}

func (mysqlDialect) ping() string { return `SELECT 1` }

func (mysqlDialect) clock() string { return `SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)` }

func (mysqlDialect) hasTable() string {
	return `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`
}

// kindOf knows the error numbers of MySQL and MariaDB.
func (mysqlDialect) kindOf(err error) kind {
	var e *mysql.MySQLError
	var untrusted *tls.CertificateVerificationError
	if !errors.As(err, &e) {
		if errors.Is(err, mysql.ErrNoTLS) || errors.Is(err, mysql.ErrUnknownPlugin) || errors.As(err, &untrusted) {
			return refused
		}
		if lost(err) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, mysql.ErrPktSync) {
			return away
		}
		return other
	}
	switch e.Number {
	case 1062: // ER_DUP_ENTRY
		return duplicate
	case 1205, 1213, 1047, 1020: // lock wait, deadlock, node of Galera not ready, record changed since last read
		return again
	case 1021, 1114, 1041: // disk full, table full, out of memory
		return full
	case 1290, 1792, 1836, 3989: // --read-only, read-only transaction, read-only mode
		return readOnly
	case 1044, 1045, 1049, 1129, 1130, 1142, 1698: // access denied, unknown database, host blocked
		return refused
	case 1040, 1203, 1226, // too many connections
		1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, // shutdown, aborted, network
		1317, 1927, 1969, 3024, 3168, 4031: // interrupted, killed, timeouts
		return away
	}
	return other
}

func (d mysqlDialect) migrations() (string, goose.Dialect, lock.SessionLocker) {
	return "migrations/mysql", goose.DialectMySQL, mysqlLock("recgate " + string(d))
}

// retrier runs changes on a server that takes many at once, and may end one
// of two that stand in each other's way.
type retrier struct {
	pool    *sql.DB
	dialect dialect
}

// write runs c until it gets through or ctx ends.
func (r *retrier) write(ctx context.Context, c change) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := r.once(ctx, c)
		if err == nil || !errors.Is(err, errAgain) && r.dialect.kindOf(err) != again {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// once runs c in a transaction. Read committed, so that a look-up that finds
// nothing locks nothing; rows that must not change are locked by an UPDATE first.
func (r *retrier) once(ctx context.Context, c change) error {
	t, err := r.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := c(ctx, tx{t, r.dialect, nil}); err != nil {
		return err
	}
	return t.Commit()
}

// mysqlLock keeps processes that start at once from migrating at once. It is
// a named lock of the server, and ends with the connection that holds it.
type mysqlLock string

// SessionLock implements lock.SessionLocker.
func (l mysqlLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	const query = `SELECT COALESCE(GET_LOCK(LEFT(?, 64), ?), 0)`
	var got bool
	if err := conn.QueryRowContext(ctx, query, string(l), int(slow/time.Second)).Scan(&got); err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	if !got {
		return fmt.Errorf("lock the database: %w", context.DeadlineExceeded)
	}
	return nil
}

// SessionUnlock implements lock.SessionLocker.
func (l mysqlLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	const query = `SELECT COALESCE(RELEASE_LOCK(LEFT(?, 64)), 0)`
	var released bool
	return conn.QueryRowContext(ctx, query, string(l)).Scan(&released)
}
