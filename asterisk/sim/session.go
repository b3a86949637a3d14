package sim

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	loginTime = 30 * time.Second // authtimeout of manager.conf
	writeTime = 10 * time.Second // a client that reads nothing for so long is dropped
	maxUnsent = 64 << 20         // and so is one that is behind by so many bytes
)

// session is one connection. The fields of its user are guarded by the
// server's mutex, as all actions run under it.
type session struct {
	s         *Server
	conn      net.Conn
	reader    *bufio.Reader
	challenge string
	user      string
	loggedIn  bool
	read      class // what the user may see
	write     class // what the user may do
	mask      class // what the user wants to see

	out    sync.Mutex // guards unsent, done, gone and the read deadline
	unsent []byte
	done   bool          // nothing more will be sent
	gone   bool          // half open: nothing comes in or goes out any more
	wake   chan struct{} // room for one: there is something to write
}

// serve answers one connection until it ends, or ctx does.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	c := &session{s: s, conn: conn, reader: bufio.NewReaderSize(conn, maxLine), wake: make(chan struct{}, 1)}
	stop := context.AfterFunc(ctx, func() { c.finish() })
	defer stop()
	var writing sync.WaitGroup
	if s.admit(c) {
		writing.Go(func() { c.keepWriting(ctx) })
		c.keepReading(ctx)
	}
	s.mu.Lock()
	delete(s.sessions, c)
	s.mu.Unlock()
	c.finish()
	writing.Wait()
	_ = conn.Close()
}

// admit enters the session in the table and greets, unless the PBX plays away.
func (s *Server) admit(c *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault.away {
		return false
	}
	s.sessions[c] = true
	c.queue([]byte("Asterisk Call Manager/" + s.world.release(s.o.Version).ami + "\r\n"))
	c.readUntil(time.Now().Add(loginTime))
	return true
}

// keepReading handles one request after the other. It returns when the
// client leaves or is sent away.
func (c *session) keepReading(ctx context.Context) {
	for {
		req, err := readRequest(c.reader)
		if err != nil && !errors.Is(err, errLineTooLong) && !errors.Is(err, errTooManyLines) {
			c.s.o.Log.Debug("connection over", slog.Any("err", err))
			return
		}
		if !c.passStall(ctx) {
			return
		}
		stay := c.s.handle(c, req, err)
		if !stay.after.IsZero() {
			if !sleep(ctx, time.Until(stay.after)) {
				return
			}
			c.send(stay.answer)
		}
		if stay.leave {
			return
		}
	}
}

// sleep waits and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// send queues a message for the client. It never waits.
func (c *session) send(m message) { c.queue(m.encode(nil)) }

// queue appends bytes for the client. A client that is too far behind loses
// its connection.
func (c *session) queue(b []byte) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.done || c.gone {
		return
	}
	c.unsent = append(c.unsent, b...)
	if len(c.unsent) > maxUnsent {
		c.done, c.unsent = true, nil
		_ = c.conn.Close()
	}
	c.poke()
}

// finish lets the writer send what there is, and end.
func (c *session) finish() {
	c.out.Lock()
	defer c.out.Unlock()
	c.done = true
	_ = c.conn.SetReadDeadline(time.Unix(1, 0)) // ends the reader
	c.poke()
}

// readUntil sets how long the client may be silent; zero means forever.
func (c *session) readUntil(t time.Time) {
	c.out.Lock()
	defer c.out.Unlock()
	if !c.done {
		_ = c.conn.SetReadDeadline(t)
	}
}

// vanish makes the connection half open: it stays, and nothing passes.
func (c *session) vanish() {
	c.out.Lock()
	defer c.out.Unlock()
	c.gone, c.unsent = true, nil
}

func (c *session) vanished() bool {
	c.out.Lock()
	defer c.out.Unlock()
	return c.gone
}

func (c *session) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// keepWriting sends what is queued until finish, or until the client is gone.
func (c *session) keepWriting(ctx context.Context) {
	for range c.wake {
		c.passStall(ctx)
		c.out.Lock()
		unsent, done := c.unsent, c.done
		c.unsent = nil
		c.out.Unlock()
		_ = c.conn.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := c.conn.Write(unsent); err != nil {
			_ = c.conn.Close() // ends the reader, too
			return
		}
		if done {
			return
		}
	}
}
