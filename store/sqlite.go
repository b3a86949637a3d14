package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// sqliteDialect is SQLite; its value is the path of the file.
type sqliteDialect string

// open opens two pools: one connection that writes, and readers that cannot.
func (s sqliteSource) open(o Options) (*DB, error) {
	d := sqliteDialect(s)
	file, err := noteFile(string(s), o.Existing)
	if err != nil {
		return nil, err
	}
	busy := strconv.FormatInt(o.Timeout.Milliseconds()*3/4, 10) // so that SQLite gives up before we do
	writes := sql.OpenDB(connector{file: file, uri: d.uri(url.Values{
		"mode":          {"rw"}, // noteFile made the file, see connector
		"_busy_timeout": {busy},
		"_txlock":       {"immediate"},
		"_pragma":       {"synchronous(FULL)", "foreign_keys(1)"}, // WAL: see toWAL
	})})
	readers := sql.OpenDB(connector{file: file, uri: d.uri(url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {busy},
		"_pragma":       {"foreign_keys(1)", "query_only(1)"},
	})})
	writes.SetMaxOpenConns(1)
	seats := max(4, runtime.NumCPU())
	readers.SetMaxOpenConns(seats + 1) // and the one that openedFile holds
	readers.SetMaxIdleConns(seats)
	db := &database{
		dialect: d, readers: readers, writes: writes, timeout: o.Timeout,
		prepared: newPrepared(readers), seats: make(chan struct{}, seats), hasMark: &atomic.Bool{}, file: file,
	}
	db.writer = newGroup(writes, d, o.Timeout, db.there)
	return newDB(db), nil
}

// uri names the file to SQLite. The path is escaped, so that no character of
// it is taken for an option.
func (d sqliteDialect) uri(options url.Values) string {
	path := url.URL{Path: string(d)}
	return "file:" + path.EscapedPath() + "?" + options.Encode()
}

func (sqliteDialect) bind(args []any) []any { return args }

func (sqliteDialect) queries() queries {
	return queries{
		ping:     `SELECT COUNT(*) FROM sqlite_schema`,
		clock:    `SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)`,
		hasTable: `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`,
	}
}

func (sqliteDialect) kindOf(err error) kind {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if lost(err) {
			return away
		}
		return other
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_UNIQUE:
		return duplicate
	}
	switch e.Code() & 0xff { // the rest of the code says where it happened
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_CORRUPT,
		lib.SQLITE_NOTADB, lib.SQLITE_PERM, lib.SQLITE_AUTH, lib.SQLITE_NOMEM, lib.SQLITE_INTERRUPT, lib.SQLITE_PROTOCOL:
		return away
	case lib.SQLITE_FULL:
		return full
	case lib.SQLITE_READONLY:
		return readOnly
	}
	return other
}

func (d sqliteDialect) migrations() (string, goose.Dialect, lock.SessionLocker) {
	return "migrations/sqlite", goose.DialectSQLite3, &sqliteLock{path: string(d) + "-lock", wait: slow}
}

// sqliteLock keeps processes that start at once from migrating at once. It
// is the exclusive lock of an empty database beside the real one: a lock that
// works on every system and ends with the process that holds it.
type sqliteLock struct {
	path string
	wait time.Duration // for who holds it
	db   *sql.DB
	held *sql.Tx
}

// SessionLock implements lock.SessionLocker. The one who has the lock turns
// the file to WAL.
func (l *sqliteLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := l.take(ctx); err != nil {
		return err
	}
	if err := toWAL(ctx, conn); err != nil {
		return errors.Join(fmt.Errorf("switch the database to WAL: %w", err), l.release())
	}
	return nil
}

// toWAL turns a file to WAL, which it then keeps. SQLite needs the file for
// itself for that, and answers at once when somebody reads, whatever the busy
// timeout: it is tried until nobody does. Two who try at once would both be
// refused, hence only under the lock.
func toWAL(ctx context.Context, conn *sql.Conn) error {
	for {
		var mode string
		err := conn.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("it stays at %q: its file system cannot share memory", mode)
		case !isBusy(err):
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// SessionUnlock implements lock.SessionLocker.
func (l *sqliteLock) SessionUnlock(context.Context, *sql.Conn) error { return l.release() }

// isBusy reports whether somebody else holds what a statement needs.
func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}
