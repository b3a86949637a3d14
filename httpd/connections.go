package httpd

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// connections limits how many connections are open. Somebody can open thousands
// of them and send nothing, or send it slowly; each costs memory and a file. When
// there are too many, the address with the most waiting connections loses the one
// that has waited longest: never one whose request is being answered, and never
// the newest, so that new callers get through.
type connections struct {
	limit int // 0: no limit

	mu      sync.Mutex // guards all below
	open    map[net.Conn]*connection
	waiting map[string]*list.List // of *connection by address, the oldest in front
	dropped int64
}

// connection is an open connection.
type connection struct {
	conn    net.Conn
	address string
	element *list.Element // in waiting; nil while a request is answered
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, open: map[net.Conn]*connection{}, waiting: map[string]*list.List{}}
}

type connectionKey struct{}

// forgetClosed forgets a connection that was closed. net/http calls it at every
// change of a connection's state.
func (c *connections) forgetClosed(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.open[conn]; known != nil {
		c.stopWaiting(known)
		delete(c.open, conn)
	}
}

// add adds a new connection. net/http calls it before anything is read from the
// connection; its requests find it in the context that is returned.
func (c *connections) add(ctx context.Context, conn net.Conn) context.Context {
	fresh := &connection{conn: conn, address: withoutPort(conn.RemoteAddr().String())}
	c.mu.Lock()
	c.open[conn] = fresh
	c.startWaiting(fresh)
	dropped := c.dropOne(fresh)
	c.mu.Unlock()
	if dropped != nil {
		raw := dropped.conn
		if secure, ok := raw.(*tls.Conn); ok { // closing TLS would send an alert, which might block
			raw = secure.NetConn()
		}
		_ = raw.Close() // net/http notices
	}
	return context.WithValue(ctx, connectionKey{}, fresh)
}

// dropOne chooses the connection to close and forgets it. It returns nil when
// none has to be closed.
func (c *connections) dropOne(fresh *connection) *connection {
	if c.limit <= 0 || len(c.open) <= c.limit {
		return nil
	}
	var most *list.List
	for _, l := range c.waiting {
		if most == nil || l.Len() > most.Len() {
			most = l
		}
	}
	if most == nil || most.Front().Value == fresh {
		return nil
	}
	oldest := most.Front().Value.(*connection)
	c.stopWaiting(oldest)
	delete(c.open, oldest.conn)
	c.dropped++
	return oldest
}

func (c *connections) startWaiting(k *connection) {
	l := c.waiting[k.address]
	if l == nil {
		l = list.New()
		c.waiting[k.address] = l
	}
	k.element = l.PushBack(k)
}

func (c *connections) stopWaiting(k *connection) {
	if k.element == nil {
		return
	}
	l := c.waiting[k.address]
	l.Remove(k.element)
	if k.element = nil; l.Len() == 0 {
		delete(c.waiting, k.address)
	}
}

// keepWhileAnswering keeps a connection from being dropped while its request is
// answered.
func (c *connections) keepWhileAnswering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, ok := r.Context().Value(connectionKey{}).(*connection)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		c.mu.Lock()
		c.stopWaiting(k)
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			if c.open[k.conn] == k {
				c.startWaiting(k)
			}
			c.mu.Unlock()
		}()
		next.ServeHTTP(w, r)
	})
}

// counts returns how many are open, and how many were closed for new ones.
func (c *connections) counts() (open int, dropped int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.dropped
}
