// Package amitest is a scripted AMI server for tests: a script says what each
// connection sends and answers. It shares no code with the client, but for the
// type of a message. Start with OnLoopback, or with OnPipes inside synctest.
package amitest

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"recgate/ami"
	"recgate/internal/await"
)

// The account of the scripted servers, and their greeting.
const (
	Username = "recorder"
	Secret   = "s3cr3t-of-the-recorder"
	Version  = "Asterisk Call Manager/11.0.0"
)

// Message makes a message of pairs of name and value.
func Message(pairs ...string) ami.Message {
	var m ami.Message
	for i := 0; i+1 < len(pairs); i += 2 {
		m = append(m, ami.Header{Name: pairs[i], Value: pairs[i+1]})
	}
	return m
}

// Peer is one connection as the scripted server sees it.
type Peer struct {
	net.Conn
	In *bufio.Reader
	N  int // of this connection, from 1
}

// Accept runs script for each connection, on its own goroutine, and closes the
// connection when script returns. All of it ends with the test.
func Accept(t testing.TB, ln net.Listener, script func(*Peer)) (address string) {
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
				script(&Peer{Conn: conn, In: bufio.NewReader(conn), N: n})
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

// OnLoopback runs a scripted server on 127.0.0.1.
func OnLoopback(t testing.TB, script func(*Peer)) ami.Options {
	t.Helper()
	var listen net.ListenConfig
	ln, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ami.Options{Address: Accept(t, ln, script), Username: Username, Secret: Secret}
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

// OnPipes runs a scripted server over net.Pipe.
func OnPipes(t testing.TB, script func(*Peer)) ami.Options {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	return ami.Options{Address: Accept(t, p, script), Username: Username, Secret: Secret, Dial: p.dial}
}

// Action reads the next action; ok is false when the connection has ended.
func (p *Peer) Action() (a ami.Message, ok bool) {
	for {
		line, err := p.In.ReadString('\n')
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

// Send writes messages, each given as its lines, in one piece.
func (p *Peer) Send(messages ...[]string) {
	var text strings.Builder
	for _, lines := range messages {
		text.WriteString(strings.Join(lines, "\r\n") + "\r\n\r\n")
	}
	_, _ = io.WriteString(p, text.String()) // the client may be gone already
}

// Greet writes the first line of a connection.
func (p *Peer) Greet() { _, _ = io.WriteString(p, Version+"\r\n") }

// Answer is a response to a; more are further lines of it.
func Answer(a ami.Message, response string, more ...string) []string {
	return append([]string{"Response: " + response, "ActionID: " + a.Get("ActionID")}, more...)
}

// Login greets, accepts the login, and returns its action.
func (p *Peer) Login() (a ami.Message, ok bool) {
	p.Greet()
	if a, ok = p.Action(); ok {
		p.Send(Answer(a, "Success", "Message: Authentication accepted"))
	}
	return a, ok
}

// Obey is a script that accepts the login and hands every action to do.
func Obey(do func(p *Peer, a ami.Message)) func(*Peer) {
	return func(p *Peer) {
		if _, ok := p.Login(); !ok {
			return
		}
		for a, ok := p.Action(); ok; a, ok = p.Action() {
			do(p, a)
		}
	}
}

// Succeed answers Success to everything.
func Succeed(p *Peer, a ami.Message) { p.Send(Answer(a, "Success")) }
