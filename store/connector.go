package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
)

// connector opens connections to the file that was noted when the program
// began. A connection that was made while another file lay in its place, or in
// that of its WAL, would keep that file for as long as it lives; and SQLite
// deletes the WAL that it finds beside an empty file.
type connector struct {
	uri  string
	file *openedFile
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.file.isNoted(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.uri)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := errors.Join(openWAL(ctx, conn), c.file.isNoted()); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Driver implements driver.Connector.
func (connector) Driver() driver.Driver { return &sqlite.Driver{} }

// openWAL has a connection open all of its files, which it does with its first
// read, and keep them.
func openWAL(ctx context.Context, conn driver.Conn) error {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, sqliteDialect("").queries().ping, nil)
	if err != nil {
		return err
	}
	if err := rows.Next(make([]driver.Value, len(rows.Columns()))); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(err, rows.Close())
	}
	return rows.Close()
}

// connectAll makes all connections that readers will use, once the file has its
// WAL: one that is made later may meet another file between the look at it and
// its opening.
func (db *database) connectAll(ctx context.Context) error {
	if db.file == nil { // a server may be lost and come back
		return nil
	}
	if err := db.there(ctx); err != nil { // holds the WAL
		return err
	}
	db.readers.SetMaxIdleConns(0) // those of before the WAL
	db.readers.SetMaxIdleConns(cap(db.seats))
	for range cap(db.seats) {
		conn, err := db.readers.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // it goes back among the others
	}
	return nil
}
