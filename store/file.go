package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"recgate/owner"
	"recgate/recording"
)

// openedFile is the file of SQLite that was opened. SQLite goes on with one
// that was moved or removed, and what it commits there is gone after a
// restart; the next connection opens another one of the same name.
type openedFile struct {
	path string
	info fs.FileInfo

	wal atomic.Pointer[fs.FileInfo] // the file of the newest rows beside it; nil before it was seen

	mu   sync.Mutex // guards hold, and lets one at a time set wal
	hold *sql.Conn  // keeps that file: SQLite removes it when the last connection ends
}

// noteFile makes the file where it may, and notes which it is. It is made
// here and not by SQLite, so that what people said is not for all to read.
func noteFile(path string, existing bool) (*openedFile, error) {
	flags := os.O_CREATE | os.O_RDWR
	if existing {
		flags = os.O_RDWR
	}
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, flags, 0o640)
	if existing && errors.Is(err, fs.ErrNotExist) {
		return nil, unavailable("the database file is not there", "open the database", err)
	}
	if err != nil {
		return nil, unavailable("the database file cannot be opened", "open the database", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, unavailable("the database file cannot be opened", "open the database", err)
	}
	if missing != nil {
		if err := giveToOwner(f); err != nil {
			return nil, unavailable("the database file cannot be given to the owner of its folder", "open the database", err)
		}
	}
	return &openedFile{path: path, info: info}, nil
}

// giveToOwner gives a file that root made to the owner of its folder.
func giveToOwner(f *os.File) error {
	info, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	return owner.Give(info, f.Chown)
}

// isNoted returns nil while the file that was opened, and that of the newest
// rows once it was seen, are those at their paths; else an Unavailable error.
func (f *openedFile) isNoted() error {
	if err := f.isAt(f.path, f.info); err != nil {
		return err
	}
	if wal := f.wal.Load(); wal != nil {
		return f.isAt(f.path+"-wal", *wal)
	}
	return nil
}

func (f *openedFile) isAt(path string, noted fs.FileInfo) error {
	now, err := os.Stat(path)
	if err == nil && !os.SameFile(now, noted) {
		err = fmt.Errorf("%s is another file now", path)
	}
	return f.gone(err)
}

// there is isNoted for the file of a database, and with readers sees to it that
// one of them holds the file of the newest rows for as long as it is open.
// Without readers it asks nothing of that file.
func (f *openedFile) there(ctx context.Context, readers *sql.DB) error {
	switch {
	case f == nil: // a server keeps its own files
		return nil
	case readers == nil:
		return f.isAt(f.path, f.info)
	}
	if err := f.isNoted(); err != nil || f.wal.Load() != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	wal, err := os.Stat(f.path + "-wal")
	if err != nil || f.wal.Load() != nil { // not made yet, or somebody else was faster
		return nil //nolint:nilerr // there is nothing to hold
	}
	return f.holdWAL(ctx, readers, wal)
}

// holdWAL has a connection open the file of the newest rows, which wal is, and
// keep it. The caller holds f.mu.
func (f *openedFile) holdWAL(ctx context.Context, readers *sql.DB, wal fs.FileInfo) error {
	hold, err := readers.Conn(ctx)
	if err != nil {
		return err
	}
	var n int
	err = hold.QueryRowContext(ctx, sqliteDialect("").queries().ping).Scan(&n)
	if now, gone := os.Stat(f.path + "-wal"); err != nil || gone != nil || !os.SameFile(now, wal) {
		return errors.Join(err, hold.Close()) // it ended meanwhile: the next one is seen later
	}
	f.hold = hold
	f.wal.Store(&wal)
	return nil
}

// close lets go of what is held.
func (f *openedFile) close() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hold == nil {
		return nil
	}
	return f.hold.Close()
}

func (f *openedFile) gone(err error) error {
	if err == nil {
		return nil
	}
	return &recording.Error{
		Code: recording.Unavailable, Err: err,
		Msg: "the file of the database was moved, removed or replaced while recgate has it open: move it back, or restore it and restart recgate",
	}
}

// there is openedFile.there with all that is beside the file.
func (db *database) there(ctx context.Context) error {
	return fault(ctx, db.dialect, "check the database file", db.file.there(ctx, db.readers))
}

// servesStill is how long another program that serves may take to end.
const servesStill = 2 * time.Second

// ServeAlone makes sure that no other program serves with the same SQLite
// file, as long as the returned function was not called or the process ends; a
// Conflict when one does. Other commands may use the file meanwhile. A server
// may be shared: then it does nothing.
func (db *database) ServeAlone(ctx context.Context) (release func() error, err error) {
	if db.file == nil {
		return func() error { return nil }, nil
	}
	path, err := filepath.EvalSymlinks(db.file.path)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, unavailable("the database file cannot be opened", "find the database", err)
	}
	lock := &sqliteLock{path: path + "-serve", wait: servesStill}
	err = lock.take(context.WithoutCancel(ctx)) // it is held for longer
	if isBusy(err) {
		return nil, &recording.Error{Code: recording.Conflict, Msg: "another recgate serves with this database file: stop it first, or use a MySQL server for both", Err: err}
	}
	if err != nil {
		return nil, fault(ctx, db.dialect, "lock the database for serving", err)
	}
	return lock.release, nil
}

// take takes the exclusive lock of an empty database, which it makes. It ends
// with ctx.
func (l *sqliteLock) take(ctx context.Context) error {
	if err := l.make(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", sqliteDialect(l.path).uri(url.Values{
		"_busy_timeout": {strconv.FormatInt(l.wait.Milliseconds(), 10)},
		"_txlock":       {"exclusive"},
	}))
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	held, err := db.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(fmt.Errorf("lock the database: %w", err), db.Close())
	}
	l.db, l.held = db, held
	return nil
}

// make makes the file of the lock, for the owner of its folder also when root
// is the first to need it. One that is there is not opened: to close it would
// give back what this process holds of it.
func (l *sqliteLock) make() error {
	if _, err := os.Stat(l.path); err == nil {
		return nil
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if errors.Is(err, fs.ErrExist) { // another one was faster
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	return errors.Join(giveToOwner(f), f.Close())
}

// release gives the lock back.
func (l *sqliteLock) release() error {
	err := l.held.Rollback()
	if errors.Is(err, sql.ErrTxDone) { // its connection has ended, and the lock with it
		err = nil
	}
	return errors.Join(err, l.db.Close())
}
