package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"recgate/fulltest/wire"
	"recgate/internal/await"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server accepts connections and treats each with do.
func server(t *testing.T, do func(net.Conn)) string {
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

// says writes a word and returns what comes back.
func says(conn net.Conn, word string, patience time.Duration) (string, error) {
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

// demand wants the word back.
func demand(t *testing.T, conn net.Conn, word string) {
	t.Helper()
	if got, err := says(conn, word, await.Patience); got != word || err != nil {
		t.Errorf("%q came back as %q, %v", word, got, err)
	}
}

// ends wants the connection to be over.
func ends(t *testing.T, conn net.Conn) error {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(await.Patience))
	_, err := io.Copy(io.Discard, conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Error("the connection lives on")
	}
	return err
}

func TestGoodWire(t *testing.T) {
	w := wire.New(t, server(t, echo))
	a, b := dial(t, w.Address()), dial(t, w.Address())
	demand(t, a, "one")
	demand(t, b, "two")
	big := bytes.Repeat([]byte("all of it "), 100_000)
	var got []byte
	var both sync.WaitGroup
	both.Go(func() { _, _ = a.Write(big) })
	both.Go(func() { got, _ = io.ReadAll(io.LimitReader(a, int64(len(big)))) })
	await.Return(t, "a megabyte to come back", both.Wait)
	if !bytes.Equal(got, big) {
		t.Errorf("%d of %d bytes came back", len(got), len(big))
	}
	_ = a.(*net.TCPConn).CloseWrite()
	_ = ends(t, a)
}

func TestCut(t *testing.T) {
	w := wire.New(t, server(t, echo))
	conn := dial(t, w.Address())
	demand(t, conn, "before")
	w.Cut()
	_ = ends(t, conn)
	demand(t, dial(t, w.Address()), "after")
}

func TestRefuse(t *testing.T) {
	w := wire.New(t, server(t, echo))
	conn := dial(t, w.Address())
	demand(t, conn, "before")
	for range 3 {
		w.Refuse()
		_ = ends(t, conn)
		if _, err := net.Dial("tcp", w.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("connect: %v, want it refused", err)
		}
		if err := w.Heal(); err != nil {
			t.Fatal(err)
		}
		conn = dial(t, w.Address())
		demand(t, conn, "after")
	}
}

func TestStall(t *testing.T) {
	w := wire.New(t, server(t, echo))
	old := dial(t, w.Address())
	demand(t, old, "before")
	w.Stall()
	fresh := dial(t, w.Address())
	for _, conn := range []net.Conn{old, fresh} {
		if got, err := says(conn, "x", 50*time.Millisecond); err == nil {
			t.Errorf("%q came through a stalled wire", got)
		}
	}
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	_, _ = ends(t, old), ends(t, fresh)
	demand(t, dial(t, w.Address()), "after")
}

func TestSlow(t *testing.T) {
	w := wire.New(t, server(t, echo))
	conn := dial(t, w.Address())
	w.Slow(60 * time.Millisecond)
	began := time.Now()
	demand(t, conn, "slowly")
	if took := time.Since(began); took < 60*time.Millisecond { // half of it at least, each way
		t.Errorf("there and back took %v", took)
	}
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	demand(t, conn, "the connection is kept")
}

func TestReset(t *testing.T) {
	w := wire.New(t, server(t, echo))
	conn := dial(t, w.Address())
	demand(t, conn, "before")
	w.Reset()
	_, _ = io.WriteString(conn, "the next byte")
	if err := ends(t, conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection ended with %v, want a reset", err)
	}
	if err := w.Heal(); err != nil {
		t.Fatal(err)
	}
	demand(t, dial(t, w.Address()), "after")
}

// TestBothEndsBlocked: nothing waits for connections of which both ends write
// and none reads, nor for a server that never answers.
func TestBothEndsBlocked(t *testing.T) {
	ended := make(chan struct{})
	full := func(conn net.Conn) {
		_, _ = io.Copy(conn, endless{}) // until the connection is closed
		<-ended
	}
	w := wire.New(t, server(t, full))
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

// TestWatched: what passes is seen first, and can be refused.
func TestWatched(t *testing.T) {
	var mu sync.Mutex // guards seen
	seen := map[bool]string{}
	var drop atomic.Bool
	w := wire.Watched(t, server(t, echo), func(conn int, up bool, b []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		if conn != 0 {
			t.Errorf("connection %d", conn)
		}
		seen[up] += string(b)
		return up || !drop.Load()
	})
	conn := dial(t, w.Address())
	demand(t, conn, "a")
	drop.Store(true)
	if got, err := says(conn, "b", await.Patience); err == nil {
		t.Errorf("%q came back", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if seen[true] != "ab" || seen[false] != "ab" {
		t.Errorf("seen %v", seen)
	}
}

// TestNobodyThere: connections to an address on which nobody listens end.
func TestNobodyThere(t *testing.T) {
	w := wire.New(t, "127.0.0.1:1")
	_ = ends(t, dial(t, w.Address()))
}
