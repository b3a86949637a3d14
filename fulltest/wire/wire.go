// Package wire is a way for TCP connections from one program to another, on
// which everything can be done that networks do: New leads to an address, and
// Cut, Refuse, Stall, Slow, Reset and Heal change how. Each takes effect on the
// connections that are there and on new ones, and none waits for a connection:
// all of them return at once, whatever the two programs do.
package wire

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/internal/port"
)

// How often connections are tried and bytes are moved at most.
const (
	longestDial = 10 * time.Second
	block       = 32 << 10
)

// manner is what a wire does with what comes.
type manner struct {
	stalled bool          // nothing passes
	reset   bool          // the next byte ends its connection
	delay   time.Duration // each block waits for half of it up to all of it
}

// Wire forwards connections. Its methods may be called from any goroutine.
type Wire struct {
	from, to string
	watch    func(conn int, up bool, b []byte) bool
	work     sync.WaitGroup

	mu       sync.Mutex // guards all that follows; held for moments only
	listener net.Listener
	manner   manner
	changed  chan struct{} // closed when manner changes
	open     map[*pair]bool
	conns    int
}

// pair is one connection, on both sides of the wire.
type pair struct {
	number   int
	near, up net.Conn // up is nil until the dial has succeeded
	gone     chan struct{}
}

// New makes a good wire that leads to an address and ends with the test.
func New(t testing.TB, to string) *Wire {
	t.Helper()
	return NewWatched(t, to, nil)
}

// NewWatched is New with a function that sees what passes: watch is called with each
// block of bytes before it is forwarded, the number of its connection, from 0,
// and whether it goes up, to the address that the wire leads to. When it
// returns false the block is dropped and its connection is closed. Calls of one
// connection and direction follow each other; others may come at the same time.
func NewWatched(t testing.TB, to string, watch func(conn int, up bool, b []byte) bool) *Wire {
	t.Helper()
	w := &Wire{from: port.Address(t), to: to, watch: watch, changed: make(chan struct{}), open: map[*pair]bool{}}
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Refuse()
		await.Return(t, "the wire to "+to+" to close its connections", w.work.Wait)
	})
	return w
}

// Address is where it leads from: 127.0.0.1:PORT.
func (w *Wire) Address() string { return w.from }

// Cut closes every connection. New ones are forwarded as before.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closeAll()
}

func (w *Wire) closeAll() {
	for p := range w.open {
		delete(w.open, p)
		p.close()
	}
}

// Refuse closes every connection, and refuses new ones until Heal.
func (w *Wire) Refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != nil {
		_ = w.listener.Close() // the port stays ours
		w.listener = nil
	}
	w.closeAll()
}

// Stall keeps all connections, takes new ones, and lets nothing pass until Heal.
func (w *Wire) Stall() { w.setManner(manner{stalled: true}) }

// Slow delays all that passes in each direction by half of most to most, drawn
// for each block of bytes.
func (w *Wire) Slow(most time.Duration) { w.setManner(manner{delay: most}) }

// Reset resets each connection with the next byte on it.
func (w *Wire) Reset() { w.setManner(manner{reset: true}) }

// Heal makes it a good wire again. Connections that were stalled are closed.
func (w *Wire) Heal() error {
	w.mu.Lock()
	stalled := w.manner.stalled
	w.mu.Unlock()
	w.setManner(manner{})
	w.mu.Lock()
	defer w.mu.Unlock()
	if stalled {
		w.closeAll()
	}
	if w.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", w.from) //nolint:noctx // loopback
	if err != nil {
		return fmt.Errorf("the wire to %s: %w", w.to, err)
	}
	w.listener = listener
	w.work.Go(func() { w.accept(listener) })
	return nil
}

// setManner changes the manner for all that is under way.
func (w *Wire) setManner(m manner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manner = m
	close(w.changed)
	w.changed = make(chan struct{})
}

// current is the manner, and what is closed when it changes.
func (w *Wire) current() (manner, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.manner, w.changed
}

func (w *Wire) accept(l net.Listener) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		p := &pair{number: w.conns, near: near, gone: make(chan struct{})}
		w.conns++
		if w.listener == l {
			w.open[p] = true
			w.work.Go(func() { w.forward(p) })
		} else {
			p.close() // it came while the wire was cut for good
		}
		w.mu.Unlock()
	}
}

// forward forwards one connection until either side ends it.
func (w *Wire) forward(p *pair) {
	defer w.drop(p)
	up, err := net.DialTimeout("tcp", w.to, longestDial) //nolint:noctx // it has a timeout
	if err != nil {
		return
	}
	w.mu.Lock()
	if !w.open[p] {
		_ = up.Close() // it was cut meanwhile
		w.mu.Unlock()
		return
	}
	p.up = up
	w.mu.Unlock()
	var down sync.WaitGroup
	down.Go(func() {
		defer w.drop(p)
		w.forwardOneWay(p, p.up, p.near, false)
	})
	w.forwardOneWay(p, p.near, p.up, true)
	w.drop(p)
	down.Wait()
}

// forwardOneWay forwards one direction.
func (w *Wire) forwardOneWay(p *pair, from io.Reader, to io.Writer, up bool) {
	b := make([]byte, block)
	for {
		n, err := from.Read(b)
		if n > 0 && !w.passBlock(p, to, up, b[:n]) || err != nil {
			return
		}
	}
}

// passBlock forwards a block as the wire's manner has it, and reports whether the
// connection lives on.
func (w *Wire) passBlock(p *pair, to io.Writer, up bool, b []byte) bool {
	for {
		m, changed := w.current()
		var late <-chan time.Time
		switch {
		case m.reset:
			p.reset()
			return false
		case m.delay > 0:
			late = time.After(m.delay/2 + rand.N(m.delay/2+1))
		case !m.stalled:
			return w.write(p, to, up, b)
		}
		select {
		case <-late:
			return w.write(p, to, up, b)
		case <-changed:
		case <-p.gone:
			return false
		}
	}
}

func (w *Wire) write(p *pair, to io.Writer, up bool, b []byte) bool {
	if w.watch != nil && !w.watch(p.number, up, b) {
		return false
	}
	_, err := to.Write(b)
	return err == nil
}

// drop closes a connection, once.
func (w *Wire) drop(p *pair) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open[p] {
		delete(w.open, p)
		p.close()
	}
}

// close closes both sides; reads and writes of them return.
func (p *pair) close() {
	close(p.gone)
	_ = p.near.Close() // either may be closed by its peer already
	if p.up != nil {
		_ = p.up.Close()
	}
}

// reset has the kernel end both sides with RST instead of FIN.
func (p *pair) reset() {
	for _, c := range []net.Conn{p.near, p.up} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it may be closed by its peer already
		}
	}
}
