package httpd

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// connections bounds how many connections are open. Somebody can open
// thousands of them and say nothing, or say it slowly; each costs memory and a
// file. When there are too many, the one that has waited longest among those
// of the busiest address is closed: never one whose request is being
// answered, and never the newest, so that new callers get through.
type connections struct {
	limit int // 0: none

	mu      sync.Mutex // guards all below
	open    map[net.Conn]*connection
	waiting map[string]*list.List // of *connection by address, the oldest in front
	dropped int64
}

// connection is one that is open.
type connection struct {
	conn    net.Conn
	address string
	element *list.Element // in waiting; nil while a request is answered
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, open: map[net.Conn]*connection{}, waiting: map[string]*list.List{}}
}

type connectionKey struct{}

// changed is told by net/http what becomes of a connection.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.open[conn]; known != nil {
		c.unwait(known)
		delete(c.open, conn)
	}
}

// add is told of a new connection before anything is read from it; requests
// find it in the context that is returned.
func (c *connections) add(ctx context.Context, conn net.Conn) context.Context {
	fresh := &connection{conn: conn, address: withoutPort(conn.RemoteAddr().String())}
	c.mu.Lock()
	c.open[conn] = fresh
	c.wait(fresh)
	victim := c.victim(fresh)
	c.mu.Unlock()
	if victim != nil {
		raw := victim.conn
		if secure, ok := raw.(*tls.Conn); ok { // closed without a word, which might block
			raw = secure.NetConn()
		}
		_ = raw.Close() // net/http notices
	}
	return context.WithValue(ctx, connectionKey{}, fresh)
}

// victim chooses the connection to close, nil for none, and takes it off the
// books.
func (c *connections) victim(fresh *connection) *connection {
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
	victim := most.Front().Value.(*connection)
	c.unwait(victim)
	delete(c.open, victim.conn)
	c.dropped++
	return victim
}

func (c *connections) wait(k *connection) {
	l := c.waiting[k.address]
	if l == nil {
		l = list.New()
		c.waiting[k.address] = l
	}
	k.element = l.PushBack(k)
}

func (c *connections) unwait(k *connection) {
	if k.element == nil {
		return
	}
	l := c.waiting[k.address]
	l.Remove(k.element)
	if k.element = nil; l.Len() == 0 {
		delete(c.waiting, k.address)
	}
}

// busy keeps a connection from being closed while its request is answered.
func (c *connections) busy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, ok := r.Context().Value(connectionKey{}).(*connection)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		c.mu.Lock()
		c.unwait(k)
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			if c.open[k.conn] == k {
				c.wait(k)
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
