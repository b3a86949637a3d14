package sim_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"recgate/asterisk/sim"
	"recgate/internal/await"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// amigo v0.1.11 leaves its reader behind when it is closed.
		goleak.IgnoreAnyFunction("github.com/ivahaev/amigo.(*amiAdapter).reader.func1"))
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex // guards t
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 21, 9, 15, 36, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// users are the accounts of the installation in which the transcripts were made.
func users() []sim.User {
	return []sim.User{
		{Name: "admin", Secret: "adminsecret", Read: "all", Write: "all"},
		{Name: "recorder", Secret: "recordersecret", Read: "call,cdr", Write: "call,system"},
		{Name: "systemonly", Secret: "systemsecret", Read: "call", Write: "system"},
		{Name: "callonly", Secret: "callsecret", Read: "call", Write: "call"},
		{Name: "watcher", Secret: "watchersecret", Read: "call,cdr"},
	}
}

// run starts a server that ends with the test.
func run(t *testing.T, o sim.Options) *sim.Server {
	t.Helper()
	if o.Spool == "" {
		o.Spool = t.TempDir()
	}
	if o.Users == nil {
		o.Users = users()
	}
	if o.Refusal == 0 {
		o.Refusal = time.Millisecond
	}
	s, err := sim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "Run to end", ended); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// client is a bare AMI connection.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, s *sim.Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: t, conn: conn, r: bufio.NewReader(conn)}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.r.ReadString('\n'); err != nil {
		t.Fatalf("no greeting: %v", err)
	}
	return c
}

// login dials and logs in with all events, or with those that mask names.
func login(t *testing.T, s *sim.Server, mask string) *client {
	t.Helper()
	c := dial(t, s)
	if got := c.do("Action: Login\r\nUsername: admin\r\nSecret: adminsecret\r\nEvents: " + mask); got["Message"] != "Authentication accepted" {
		t.Fatalf("login: %v", got)
	}
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// message reads the next message as it is on the wire, without the empty
// line that ends it.
func (c *client) message() (string, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	var b strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return b.String(), err
		}
		if line == "\r\n" {
			return b.String(), nil
		}
		b.WriteString(line)
	}
}

// fields are the headers of a message; of several with one name the last.
func fields(message string) map[string]string {
	m := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(message, "\r\n"), "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		m[name] = value
	}
	return m
}

// do sends a request and returns the next response; events before it are lost.
func (c *client) do(request string) map[string]string {
	c.t.Helper()
	c.send(request + "\r\n\r\n")
	return c.until(func(m map[string]string) bool { return m["Response"] != "" })
}

// event waits for an event of that name.
func (c *client) event(name string) map[string]string {
	c.t.Helper()
	return c.until(func(m map[string]string) bool { return m["Event"] == name })
}

func (c *client) until(found func(map[string]string) bool) map[string]string {
	c.t.Helper()
	for {
		text, err := c.message()
		if err != nil {
			c.t.Fatalf("waiting: %v", err)
		}
		if m := fields(text); found(m) {
			return m
		}
	}
}

// closed reports whether the server closes the connection before long.
func (c *client) closed() bool {
	for {
		if _, err := c.message(); err != nil {
			e, ok := err.(net.Error)
			return !ok || !e.Timeout()
		}
	}
}

func call(t *testing.T, s *sim.Server, from, to string, o sim.CallOptions) *sim.Call {
	t.Helper()
	c, err := s.Call(from, to, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
