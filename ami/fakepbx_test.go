package ami_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/ami"
	"recgate/internal/await"
)

// The account of the scripted servers.
const (
	username = "recorder"
	secret   = "s3cr3t-of-the-recorder"
	version  = "Asterisk Call Manager/11.0.0"
)

// peer is one connection as the scripted server sees it.
type peer struct {
	net.Conn
	in *bufio.Reader
	n  int // of this connection, from 1
}

// accept runs script for each connection, on its own goroutine, and closes the
// connection when script returns. All of it ends with the test.
func accept(t testing.TB, ln net.Listener, script func(*peer)) (address string) {
	t.Helper()
	var (
		all   sync.WaitGroup
		mu    sync.Mutex // guards conns
		conns = map[net.Conn]bool{}
		ended bool
	)
	all.Go(func() {
		for n := 1; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[conn] = true
			if ended {
				_ = conn.Close()
			}
			mu.Unlock()
			all.Go(func() {
				script(&peer{Conn: conn, in: bufio.NewReader(conn), n: n})
				_ = conn.Close()
				mu.Lock()
				delete(conns, conn)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		ended = true
		for conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		await.Return(t, "all callers to return", all.Wait)
	})
	return ln.Addr().String()
}

// onLoopback runs a scripted server on 127.0.0.1.
func onLoopback(t testing.TB, script func(*peer)) ami.Options {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ami.Options{Address: accept(t, ln, script), Username: username, Secret: secret}
}

// pipes is a listener without a network, for tests inside synctest.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5038} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// onPipes runs a scripted server over net.Pipe.
func onPipes(t testing.TB, script func(*peer)) ami.Options {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	return ami.Options{Address: accept(t, p, script), Username: username, Secret: secret, Dial: p.dial}
}

// action reads the next action; ok is false when the connection has ended.
func (p *peer) action() (a ami.Message, ok bool) {
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return nil, false
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" {
			return a, true
		}
		name, value, _ := strings.Cut(line, ": ")
		a = append(a, ami.Header{Name: name, Value: value})
	}
}

// send writes messages, each given as its lines, in one piece.
func (p *peer) send(messages ...[]string) {
	var text strings.Builder
	for _, lines := range messages {
		text.WriteString(strings.Join(lines, "\r\n") + "\r\n\r\n")
	}
	_, _ = io.WriteString(p, text.String()) // the client may be gone already
}

func (p *peer) greet() { _, _ = io.WriteString(p, version+"\r\n") }

// answer is a response to a; more are further lines of it.
func answer(a ami.Message, response string, more ...string) []string {
	return append([]string{"Response: " + response, "ActionID: " + a.Get("ActionID")}, more...)
}

// login greets, accepts the login, and returns its action.
func (p *peer) login() (a ami.Message, ok bool) {
	p.greet()
	if a, ok = p.action(); ok {
		p.send(answer(a, "Success", "Message: Authentication accepted"))
	}
	return a, ok
}

// obey is a script that accepts the login and hands every action to do.
func obey(do func(p *peer, a ami.Message)) func(*peer) {
	return func(p *peer) {
		if _, ok := p.login(); !ok {
			return
		}
		for a, ok := p.action(); ok; a, ok = p.action() {
			do(p, a)
		}
	}
}

// succeed answers Success to everything.
func succeed(p *peer, a ami.Message) { p.send(answer(a, "Success")) }

// running is a client that runs until the test ends.
type running struct {
	*ami.Client
	signals chan ami.Signal
	stop    func() // ends Run and waits for it
}

// run starts a client whose listener keeps every signal in a channel.
func run(t testing.TB, o ami.Options) running {
	t.Helper()
	signals := make(chan ami.Signal, 100_000)
	return runWith(t, o, signals, func(s ami.Signal) { signals <- s })
}

func runWith(t testing.TB, o ami.Options, signals chan ami.Signal, tell func(ami.Signal)) running {
	t.Helper()
	c := ami.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, tell) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(stop)
	return running{c, signals, stop}
}

// next returns the next signal, which must be of this kind.
func (r running) next(t testing.TB, kind ami.SignalKind) ami.Signal {
	t.Helper()
	select {
	case s := <-r.signals:
		if s.Kind != kind {
			t.Fatalf("signal %+v, want kind %d", s, kind)
		}
		return s
	case <-time.After(10 * time.Second):
		_, err := r.State()
		t.Fatalf("no signal of kind %d came; the last error is %v", kind, err)
		return ami.Signal{}
	}
}

// eventually waits until what holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// logInto returns a logger that writes everything into b.
func logInto(b io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
