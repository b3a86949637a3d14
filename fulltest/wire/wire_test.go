package wire_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"recgate/fulltest/wire"
	"recgate/internal/await"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newServer accepts connections and treats each with do.
func newServer(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				do(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		await.Return(t, "the server to end", all.Wait)
	})
	return l.Addr().String()
}

// echo gives back what it gets.
func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchangeWord writes a word and returns what comes back.
func exchangeWord(conn net.Conn, word string, patience time.Duration) (string, error) {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, word); err != nil {
		return "", err
	}
	b := make([]byte, len(word))
	_, err := io.ReadFull(conn, b)
	return string(b), err
}

// wantEcho wants the word back.
func wantEcho(t *testing.T, conn net.Conn, word string) {
	t.Helper()
	if got, err := exchangeWord(conn, word, await.Patience); got != word || err != nil {
		t.Errorf("%q came back as %q, %v", word, got, err)
	}
}

// awaitEnd wants the connection to be over.
func awaitEnd(t *testing.T, conn net.Conn) error {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(await.Patience))
	_, err := io.Copy(io.Discard, conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Error("the connection lives on")
	}
	return err
}

// TestFaults: each fault is felt, and a wire that was healed carries again.
// The tests that strike wires would pass all the same if nothing happened.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]struct {
		strike func(*wire.Wire)
		felt   func(t *testing.T, w *wire.Wire, conn net.Conn)
	}{
		"cut": {(*wire.Wire).Cut, func(t *testing.T, w *wire.Wire, conn net.Conn) {
			_ = awaitEnd(t, conn)
			wantEcho(t, dial(t, w.Address()), "new ones are forwarded")
		}},
		"refuse": {(*wire.Wire).Refuse, func(t *testing.T, w *wire.Wire, conn net.Conn) {
			_ = awaitEnd(t, conn)
			if _, err := net.Dial("tcp", w.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("connect: %v, want it refused", err)
			}
		}},
		"stall": {(*wire.Wire).Stall, func(t *testing.T, w *wire.Wire, conn net.Conn) {
			for _, conn := range []net.Conn{conn, dial(t, w.Address())} {
				if got, err := exchangeWord(conn, "x", 50*time.Millisecond); err == nil {
					t.Errorf("%q came through a stalled wire", got)
				}
			}
		}},
		"slow": {func(w *wire.Wire) { w.Slow(60 * time.Millisecond) }, func(t *testing.T, _ *wire.Wire, conn net.Conn) {
			began := time.Now()
			wantEcho(t, conn, "slowly")
			if took := time.Since(began); took < 60*time.Millisecond { // half of it at least, each way
				t.Errorf("there and back took %v", took)
			}
		}},
		"reset": {(*wire.Wire).Reset, func(t *testing.T, _ *wire.Wire, conn net.Conn) {
			_, _ = io.WriteString(conn, "the next byte")
			if err := awaitEnd(t, conn); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the connection ended with %v, want a reset", err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := wire.New(t, newServer(t, echo))
			conn := dial(t, w.Address())
			wantEcho(t, conn, "before")
			fault.strike(w)
			fault.felt(t, w, conn)
			if err := w.Heal(); err != nil {
				t.Fatal(err)
			}
			if name == "slow" {
				wantEcho(t, conn, "the connection is kept")
			} else {
				_ = awaitEnd(t, conn)
			}
			wantEcho(t, dial(t, w.Address()), "after")
		})
	}
}

// TestBothEndsBlocked: nothing waits for connections of which both ends write
// and none reads, nor for a server that never answers.
func TestBothEndsBlocked(t *testing.T) {
	ended := make(chan struct{})
	full := func(conn net.Conn) {
		_, _ = io.Copy(conn, endless{}) // until the connection is closed
		<-ended
	}
	w := wire.New(t, newServer(t, full))
	defer close(ended)
	var clients sync.WaitGroup
	for range 8 {
		conn := dial(t, w.Address())
		clients.Go(func() { _, _ = io.Copy(conn, endless{}) })
	}
	time.Sleep(100 * time.Millisecond) // part of the scene: until every buffer is full
	for _, do := range []func(){
		w.Stall, w.Reset, func() { w.Slow(time.Hour) }, w.Stall, func() { w.Slow(time.Millisecond) }, w.Cut, w.Refuse,
		func() {
			if err := w.Heal(); err != nil {
				t.Error(err)
			}
		},
	} {
		await.Return(t, "a change of the wire", do)
	}
	await.Return(t, "the clients to be cut off", clients.Wait)
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestNobodyThere: connections to an address on which nobody listens end.
func TestNobodyThere(t *testing.T) {
	w := wire.New(t, "127.0.0.1:1")
	_ = awaitEnd(t, dial(t, w.Address()))
}
