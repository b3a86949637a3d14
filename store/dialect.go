package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// dialect is what differs between the databases, besides their migrations.
type dialect interface {
	// kindOf sorts an error of the driver.
	kindOf(err error) kind
	// bind makes arguments ready for the driver.
	bind(args []any) []any
	queries() queries
	// migrations names the folder and the dialect of goose, and makes the
	// lock under which they run.
	migrations() (folder string, d goose.Dialect, l lock.SessionLocker)
}

// queries are those that each dialect words in its own way.
type queries struct {
	ping     string // for one number that touches the database
	clock    string // for the database's time in milliseconds since 1970
	hasTable string // for how many tables have the name that is its argument, none or one
}

// kind is what an error of a driver means to us.
type kind int

const (
	other     kind = iota // a bug of ours, or something nobody foresaw
	duplicate             // the row exists
	again                 // run the whole transaction again
	notReady              // the node of a cluster cannot take it now
	away                  // the server is away, or the file cannot be used
	refused               // the server does not let us in
	full                  // no room on its disk
	readOnly              // it may not be written
)

// errAgain is returned by a change that met another transaction's row which
// it could not see before: run again, it sees it.
var errAgain = errors.New("another transaction was faster")

// change is the body of a transaction.
type change func(ctx context.Context, t tx) error

// writer runs changes.
type writer interface {
	write(ctx context.Context, c change) error
}

// runner is what a statement runs in: a transaction, a connection or a pool.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// tx is a transaction of either dialect, or one statement without one, see
// readOnce. Queries are constants with ? for every argument; the two that are
// lists have (?) for the list, see in.
type tx struct {
	sql      runner
	dialect  dialect
	prepared *prepared
	repeated bool // it is run once more, and may have been committed the first time
}

// exec runs a statement and returns how many rows it matched.
func (t tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	var result sql.Result
	var err error
	if s := t.ready(ctx, query); s != nil { //nolint:sqlclosecheck // ends with the transaction
		result, err = s.ExecContext(ctx, t.bind(args)...)
	} else {
		result, err = t.sql.ExecContext(ctx, query, t.bind(args)...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row into dest; sql.ErrNoRows when there is none.
func (t tx) row(ctx context.Context, query string, args []any, dest ...any) error {
	if s := t.ready(ctx, query); s != nil { //nolint:sqlclosecheck // ends with the transaction
		return s.QueryRowContext(ctx, t.bind(args)...).Scan(dest...)
	}
	return t.sql.QueryRowContext(ctx, query, t.bind(args)...).Scan(dest...)
}

// each calls scan on every row.
func (t tx) each(ctx context.Context, scan func(scanner) error, query string, args ...any) error {
	rows, err := t.query(ctx, query, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (t tx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if s := t.ready(ctx, query); s != nil { //nolint:sqlclosecheck // ends with the transaction
		return s.QueryContext(ctx, t.bind(args)...)
	}
	return t.sql.QueryContext(ctx, query, t.bind(args)...)
}

// ready returns the prepared statement of a query, for this transaction if
// there is one, with which it ends; nil when there is no such statement.
func (t tx) ready(ctx context.Context, query string) *sql.Stmt {
	s := t.prepared.of(query)
	if s == nil {
		return nil
	}
	if in, ok := t.sql.(*sql.Tx); ok {
		return in.StmtContext(ctx, s)
	}
	return s
}

// bind makes arguments ready for the driver, cut to what columns hold: the one
// place through which text reaches a database, to be kept or to be compared.
func (t tx) bind(args []any) []any { return t.dialect.bind(fitting(args)) }

// isDuplicate reports whether a statement failed because its row exists.
func (t tx) isDuplicate(err error) bool { return err != nil && t.dialect.kindOf(err) == duplicate }

// scanner is a row that can be read.
type scanner interface {
	Scan(dest ...any) error
}

// in puts n question marks where the query has IN (?).
func in(query string, n int) string {
	return strings.Replace(query, "IN (?)", "IN (?"+strings.Repeat(", ?", n-1)+")", 1)
}
