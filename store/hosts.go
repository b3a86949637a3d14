package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"recgate/recording"
	"recgate/trust"
)

// hostPatience is how long one of several servers may take to let us in.
const hostPatience = 1500 * time.Millisecond

// hosts connects to one of several servers of a cluster: to the one that was
// good last, else to the next that can be used, in the order of the setting.
// All connections go to one server as long as it is well.
type hosts struct {
	each []driver.Connector

	mu   sync.Mutex // guards good
	good int        // index of the server that let us in last
}

func newHosts(c *mysql.Config, addresses []string, trusts string) (*hosts, error) {
	h := &hosts{}
	var certificates *trust.Certificates
	if trusts != "" {
		var err error
		if certificates, err = trust.ReadFile(trusts); err != nil {
			return nil, recording.Errorf(recording.Invalid, "the tls option of the database setting: %v: use ?tls=/FILE with the certificate of the server, or of its authority", err)
		}
	}
	for _, address := range addresses {
		one := c.Clone()
		one.Addr = address
		if certificates != nil {
			host, _, _ := net.SplitHostPort(address) // a socket has no name, and needs none
			one.TLS = certificates.Config(host)
		}
		connector, err := mysql.NewConnector(one)
		if err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
		h.each = append(h.each, connector)
	}
	return h, nil
}

// Driver implements driver.Connector.
func (h *hosts) Driver() driver.Driver { return h.each[0].Driver() }

// Connect implements driver.Connector.
func (h *hosts) Connect(ctx context.Context) (driver.Conn, error) {
	if len(h.each) == 1 {
		conn, err := h.each[0].Connect(ctx)
		if err != nil {
			return nil, err
		}
		return conn, closeBad(conn, waitForOthers(ctx, conn))
	}
	h.mu.Lock()
	first := h.good
	h.mu.Unlock()
	var failed error
	for i := range h.each {
		at := (first + i) % len(h.each)
		conn, err := h.try(ctx, at)
		if err == nil {
			h.mu.Lock()
			h.good = at
			h.mu.Unlock()
			return conn, nil
		}
		failed = err // the last one's, for all are of one cluster
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// try connects to one of several servers, if it can be used.
func (h *hosts) try(ctx context.Context, at int) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, hostPatience)
	defer cancel()
	conn, err := h.each[at].Connect(ctx)
	if err != nil {
		return nil, err
	}
	err = waitForOthers(ctx, conn)
	if err == nil {
		err = usable(ctx, conn)
	}
	return conn, closeBad(conn, err)
}

// closeBad closes a connection that cannot be used.
func closeBad(conn driver.Conn, err error) error {
	if err != nil {
		_ = conn.Close() // it is bad anyhow
	}
	return err
}

// waitForOthers has every transaction see what was committed on other nodes of
// a Galera cluster before it. Servers that have no Galera do not know the
// variable, and those that do not use it ignore it.
func waitForOthers(ctx context.Context, conn driver.Conn) error {
	const query = `SET SESSION wsrep_sync_wait = 7`
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, query, nil)
	var e *mysql.MySQLError
	if errors.As(err, &e) && e.Number == 1193 { // ER_UNKNOWN_SYSTEM_VARIABLE
		return nil
	}
	return err
}

// usable reports whether a server takes reads and writes. A node of Galera that
// has lost the others, or has not caught up, refuses to read from a table; a
// replica says that it is read-only. One without our tables yet is good.
func usable(ctx context.Context, conn driver.Conn) error {
	const query = `SELECT @@global.read_only FROM ` + versionTable + ` LIMIT 1`
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	var e *mysql.MySQLError
	if errors.As(err, &e) && e.Number == 1146 { // ER_NO_SUCH_TABLE
		return nil
	}
	if err != nil {
		return err
	}
	row := make([]driver.Value, 1)
	err = rows.Next(row)
	if err := errors.Join(unless(err, io.EOF), rows.Close()); err != nil {
		return err
	}
	if text := fmt.Sprintf("%s", row[0]); err == nil && text != "0" && row[0] != int64(0) {
		return &mysql.MySQLError{Number: 1290, Message: "the server is read-only"}
	}
	return nil
}

// unless drops an error that is not a failure.
func unless(err, good error) error {
	if errors.Is(err, good) {
		return nil
	}
	return err
}
