//go:build full

package asterisk_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// wire forwards TCP connections and can cut all of them.
type wire struct {
	listener net.Listener
	to       string
	mu       sync.Mutex // guards open
	open     map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, to: to, open: map[net.Conn]bool{}}
	var wg sync.WaitGroup
	wg.Go(func() { w.accept(&wg) })
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		w.Cut()
		wg.Wait()
	})
	return w
}

func (w *wire) Addr() string { return w.listener.Addr().String() }

// Cut closes every connection; new ones are forwarded as before.
func (w *wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		_ = c.Close() // it may be closed by its peer already
		delete(w.open, c)
	}
}

func (w *wire) accept(wg *sync.WaitGroup) {
	for {
		from, err := w.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", w.to)
		if err != nil {
			_ = from.Close()
			continue
		}
		w.mu.Lock()
		w.open[from], w.open[to] = true, true
		w.mu.Unlock()
		wg.Go(func() { pump(from, to) })
		wg.Go(func() { pump(to, from) })
	}
}

func pump(from, to net.Conn) {
	_, _ = io.Copy(to, from) // ends when either side does
	_ = to.Close()
	_ = from.Close()
}
