package chaos

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"recgate/fulltest/mariadbd"
	"recgate/fulltest/wire"
)

// database is where recgate keeps its rows, and what can be done to it.
type database struct {
	setting string     // as recgate's configuration has it
	wire    *wire.Wire // nil: SQLite
	server  *mariadbd.Server
	read    *sql.DB // the run's own, past the wire
	held    *sql.Conn
}

func newSQLite(t testing.TB, dir string) *database {
	t.Helper()
	file := filepath.Join(dir, "recgate.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &database{setting: "sqlite:" + file, read: db}
}

func newMariaDB(t testing.TB) *database {
	t.Helper()
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	w := wire.New(t, at.Host)
	db, err := sql.Open("mysql", fmt.Sprintf("root@tcp(%s)%s?timeout=10s&readTimeout=1m&writeTimeout=1m", at.Host, at.Path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	at.Host = w.Address()
	return &database{setting: at.String(), wire: w, server: server, read: db}
}

// lock takes the right to write, as another program may.
func (d *database) lock(ctx context.Context) error {
	conn, err := d.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("lock the database: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		_ = conn.Close() // the first error says it
		return fmt.Errorf("lock the database: %w", err)
	}
	d.held = conn
	return nil
}

// unlock gives it back.
func (d *database) unlock(ctx context.Context) error {
	_, err := d.held.ExecContext(ctx, "ROLLBACK")
	if closing := d.held.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("unlock the database: %w", err)
	}
	return nil
}
