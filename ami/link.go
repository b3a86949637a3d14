package ami

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection, from the login to its loss. Three goroutines serve
// it: one reads, one writes, one pings; whichever fails first ends it.
type link struct {
	conn    net.Conn // TLS or plain
	raw     net.Conn // the same without TLS: its Close never waits
	read    *reader
	prefix  string // of the ActionIDs
	version string // the greeting
	early   []Message

	out  chan []byte   // whole actions, taken by the writer one at a time
	lost chan struct{} // closed by lose

	mu      sync.Mutex // guards the fields below
	err     error      // why it was lost
	last    uint64     // number of the last action
	pending map[string]*request
}

// newLink wraps an open connection. Its ActionIDs begin with 16 hex digits of
// chance: nobody who writes text into an event can know them.
func newLink(conn, raw net.Conn, random io.Reader) (*link, error) {
	var chance [8]byte
	if _, err := io.ReadFull(random, chance[:]); err != nil {
		return nil, fmt.Errorf("make an ActionID: %w", err)
	}
	prefix := hex.EncodeToString(chance[:]) + "-"
	return &link{
		conn: conn, raw: raw, prefix: prefix, read: newReader(conn, prefix),
		out: make(chan []byte), lost: make(chan struct{}), pending: map[string]*request{},
	}, nil
}

// serve runs the connection until it is lost or ctx ends, and returns why.
// When it returns, nothing of the connection is left.
func (l *link) serve(ctx context.Context, c *Client, signals *queue) error {
	var others sync.WaitGroup
	others.Go(func() { l.lose(l.write(c.opt.WriteTimeout)) })
	others.Go(func() { l.lose(l.ping(ctx, c.opt, &c.lastPing)) })
	l.lose(l.readAll(func(m Message) {
		c.events.Add(1)
		signals.push(Signal{Kind: SignalEvent, Message: m})
	}))
	others.Wait()
	return l.reason()
}

// lose ends the connection, and with it every wait for an answer. Only the
// first reason is kept; without one the connection is lost already.
func (l *link) lose(reason error) {
	l.mu.Lock()
	if l.err == nil && reason != nil {
		l.err = reason
		close(l.lost)
	}
	l.mu.Unlock()
	_ = l.raw.Close() // each of the three comes by, and only the first finds it open
}

// loseIdle ends the connection unless somebody waits for an answer, and reports
// whether it did.
func (l *link) loseIdle(reason error) bool {
	l.mu.Lock()
	idle := l.err == nil && len(l.pending) == 0
	if idle {
		l.err = reason
		close(l.lost)
	}
	l.mu.Unlock()
	if idle {
		_ = l.raw.Close()
	}
	return idle
}

// reason returns why the connection was lost; nil while it is not.
func (l *link) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// readAll reads until the connection ends. It never waits for anything else.
func (l *link) readAll(tell func(event Message)) error {
	for _, m := range l.early {
		tell(m)
	}
	l.early = nil
	for {
		m, err := l.read.message()
		if err != nil {
			return streamEnd(err)
		}
		if l.isEvent(m) {
			tell(m)
		}
	}
}

// isEvent gives an answer to the caller that waits for it, and reports whether m
// is an event for everybody instead. Answers that nobody waits for any more, and
// messages that are neither, end here.
func (l *link) isEvent(m Message) bool {
	kind, _ := m.Kind()
	event := strings.EqualFold(kind, "Event")
	id, ours := strings.CutPrefix(m.Get("ActionID"), l.prefix)
	if !ours || event && !strings.HasPrefix(id, listing) {
		return event
	}
	l.mu.Lock()
	req := l.pending[id]
	l.mu.Unlock()
	switch {
	case req == nil:
	case event:
		req.row(m)
	case strings.EqualFold(kind, "Response"):
		req.respond(m)
	}
	return false
}

// write sends what callers pass to it, each action within its own deadline. An
// action that is not written whole ends the connection, for the server could
// take the rest of it for the beginning of another.
func (l *link) write(timeout time.Duration) error {
	for {
		select {
		case <-l.lost:
			return nil // whoever lost it gave the reason
		case frame := <-l.out:
			if err := l.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
				return err
			}
			if _, err := l.conn.Write(frame); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
	}
}

// ping asks from time to time whether the server still answers, and returns
// when it does not, or when ctx or the connection ends.
func (l *link) ping(ctx context.Context, o Options, trip *atomic.Int64) error {
	ticker := time.NewTicker(o.PingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ErrStopped
		case <-l.lost:
			return nil // whoever lost it gave the reason
		case <-ticker.C:
		}
		begin := time.Now()
		limited, cancel := context.WithTimeout(ctx, o.PingTimeout)
		_, err := l.ask(limited, NewAction("Ping"), &request{})
		cancel()
		if err != nil && !errors.As(err, new(*ResponseError)) { // a refusal is a sign of life
			return err
		}
		trip.Store(int64(time.Since(begin)))
	}
}

// ask passes an action to the writer and waits for its answer.
func (l *link) ask(ctx context.Context, a Action, req *request) (answer, error) {
	id := l.register(a, req)
	defer l.forget(id)
	frame, err := encode(a, l.prefix+id)
	if err != nil {
		return answer{}, err
	}
	select {
	case l.out <- frame:
	case <-l.lost:
		return answer{}, l.lossOf(a, ErrDown)
	case <-ctx.Done():
		return answer{}, fmt.Errorf("%s: %w", a.name(), waitError(ctx))
	}
	select {
	case <-req.done:
	case <-l.lost:
	case <-ctx.Done():
	}
	select { // an answer that came in time counts, whatever ended the wait
	case <-req.done:
		return req.got, req.err
	default:
	}
	if ctx.Err() != nil {
		return answer{}, fmt.Errorf("%s: %w", a.name(), waitError(ctx))
	}
	return answer{}, l.lossOf(a, ErrLost)
}

// register gives a request its number on this connection, behind a mark that
// tells rows of a listing from events.
func (l *link) register(a Action, req *request) (id string) {
	req.action, req.done = a.name(), make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	id = strconv.FormatUint(l.last, 10)
	if req.list {
		id = listing + id
	}
	l.pending[id] = req
	return id
}

func (l *link) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, id)
}

// lossOf wraps ErrDown or ErrLost with the reason of the loss, which is text
// only: how a connection ended says nothing about the action.
func (l *link) lossOf(a Action, what error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Errorf("%s: %w: %v", a.name(), what, l.err)
}
