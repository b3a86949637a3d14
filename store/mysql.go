package store

import (
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
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
	if len(s.hosts) > 1 {
		c.Timeout = min(c.Timeout, hostPatience)
	}
	connector, err := newHosts(c, s.hosts, s.trusts)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(maxIdle)
	pool.SetConnMaxLifetime(3 * time.Minute) // servers drop what idles longer
	d := mysqlDialect(c.DBName)
	return newDB(&database{dialect: d, readers: pool, writes: pool, writer: &retrier{pool, d, len(s.hosts) > 1}, timeout: o.Timeout, hasMark: &atomic.Bool{}}), nil
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

func (mysqlDialect) queries() queries {
	return queries{
		ping:     `SELECT 1`,
		clock:    `SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)`,
		hasTable: `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`,
	}
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
	case 1205, 1213, 1020: // lock wait, deadlock or certification of Galera, record changed since last read
		return again
	case 1047: // a node of Galera that has lost the others, or has not caught up
		return notReady
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
	return "migrations/mysql", goose.DialectMySQL, nil // see Migrate
}
