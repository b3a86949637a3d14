package httpd_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/httpd"
)

// onePipe is a listener with one connection, in memory.
type onePipe struct {
	conn   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *onePipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conn:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *onePipe) Close() error { p.once.Do(func() { close(p.closed) }); return nil }

func (p *onePipe) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// TestIdle: a connection outlasts those that balancers keep, for 60 to 600 s,
// and ends when the setting says so.
func TestIdle(t *testing.T) {
	for idle, waits := range map[time.Duration]struct{ outlasts, ends time.Duration }{
		0:                {610 * time.Second, 630 * time.Second},
		90 * time.Second: {89 * time.Second, 91 * time.Second},
	} {
		t.Run(fmt.Sprint(idle), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testIdleConnection(t, idle, waits.outlasts, waits.ends) })
		})
	}
}

// testIdleConnection keeps a connection open between requests, and then waits for
// its end.
func testIdleConnection(t *testing.T, idle, outlasts, ends time.Duration) {
	near, far := net.Pipe()
	listener := &onePipe{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	listener.conn <- far
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := httpd.New(httpd.Options{Listener: listener, Idle: idle})
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		_ = near.Close() // the server has done so
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	answers := bufio.NewReader(near)
	for range 3 {
		if _, err := io.WriteString(near, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Errorf("a request after %v: %v", outlasts, err)
			return
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Errorf("the answer after %v: %v", outlasts, err)
			return
		}
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "ok\n" {
			t.Errorf("%q, %v", body, err)
		}
		time.Sleep(outlasts) // of the bubble's clock
	}
	if err := near.SetReadDeadline(time.Now().Add(ends - outlasts + time.Second)); err != nil {
		t.Errorf("after %v: %v", outlasts, err)
		return
	}
	time.Sleep(ends - outlasts)
	if _, err := answers.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after %v the connection is still there: %v", ends, err)
	}
}
