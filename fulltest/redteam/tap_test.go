//go:build full

package redteam_test

import (
	"net"
	"sync"
	"testing"
)

// tap stands between recgate and Asterisk and keeps every byte that recgate
// sends, by connection.
type tap struct {
	listener net.Listener
	to       string
	mu       sync.Mutex // guards the fields below
	said     []*[]byte  // one for each connection, in their order
	open     []net.Conn
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tap{listener: listener, to: to}
	var wg sync.WaitGroup
	wg.Go(func() { w.accept(&wg) })
	t.Cleanup(func() {
		_ = listener.Close()
		w.mu.Lock()
		for _, c := range w.open {
			_ = c.Close() // it may be closed by its peer already
		}
		w.mu.Unlock()
		wg.Wait()
	})
	return w
}

func (w *tap) accept(wg *sync.WaitGroup) {
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
		said := new([]byte)
		w.mu.Lock()
		w.said, w.open = append(w.said, said), append(w.open, from, to)
		w.mu.Unlock()
		wg.Go(func() { w.pump(from, to, said) })
		wg.Go(func() { w.pump(to, from, nil) })
	}
}

// pump forwards until either side ends. What is kept is kept before it is
// forwarded: Asterisk never knows more than we do.
func (w *tap) pump(from, to net.Conn, keep *[]byte) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if keep != nil {
			w.mu.Lock()
			*keep = append(*keep, b[:n]...)
			w.mu.Unlock()
		}
		if _, failed := to.Write(b[:n]); failed != nil || err != nil {
			return
		}
	}
}

// heard returns what recgate has said so far, by connection.
func (w *tap) heard() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all [][]byte
	for _, said := range w.said {
		all = append(all, append([]byte(nil), *said...))
	}
	return all
}
