package sim_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/internal/await"
)

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]sim.Options{
		"version": {Version: 13, Spool: t.TempDir()},
		"spool":   {Spool: "/nowhere/at/all"},
		"address": {Spool: t.TempDir(), Listen: "127.0.0.1:-1"},
	} {
		if _, err := sim.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestCloseWithoutRun(t *testing.T) {
	s, err := sim.New(sim.Options{Spool: t.TempDir()})
	must(t, err)
	must(t, s.Close())
}

func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	s := run(t, sim.Options{TLS: &tls.Config{Certificates: web.TLS.Certificates}}) //nolint:gosec // a test
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	conn, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: pool, ServerName: "example.com"}) //nolint:gosec // a test
	must(t, err)
	defer func() { _ = conn.Close() }()
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "Asterisk Call Manager/11.0.0\r\n" {
		t.Errorf("greeting %q, %v", line, err)
	}
}

// A stop completes recordings and says goodbye.
func TestStopCompletesRecordings(t *testing.T) {
	now, spool := newClock(), t.TempDir()
	s, err := sim.New(sim.Options{Spool: spool, Now: now.Now, Users: users()})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c := login(t, s, "on")
	made := call(t, s, "410", "411", sim.CallOptions{})
	c.do("Action: MixMonitor\r\nFile: a.wav\r\nChannel: " + made.Caller().Name)
	now.Advance(time.Second)
	cancel()
	c.event("Shutdown")
	must(t, <-ended)
	readWave(t, spool+"/a.wav").complete(t, "a.wav", time.Second)
	if !c.closed() {
		t.Error("the connection lives")
	}
}

func TestEventMask(t *testing.T) {
	s := run(t, sim.Options{})
	for _, tt := range []struct{ user, secret, mask, sees, misses string }{
		{"admin", "adminsecret", "on", "Cdr", ""},
		{"admin", "adminsecret", "call", "Hangup", "Cdr"},
		{"admin", "adminsecret", "cdr", "Cdr", "Hangup"},
		{"recorder", "recordersecret", "on", "Cdr", "FullyBooted"},
		{"callonly", "callsecret", "call,cdr", "Hangup", "Cdr"},
	} {
		c := dial(t, s)
		c.do("Action: Login\r\nUsername: " + tt.user + "\r\nSecret: " + tt.secret + "\r\nEvents: " + tt.mask)
		call(t, s, "410", "411", sim.CallOptions{}).Hangup()
		seen := map[string]bool{}
		c.send("Action: Ping\r\n\r\n")
		c.until(func(m map[string]string) bool { seen[m["Event"]] = true; return m["Ping"] != "" })
		if !seen[tt.sees] || seen[tt.misses] && tt.misses != "" {
			t.Errorf("%s with %q sees %v; want %s and no %q", tt.user, tt.mask, seen, tt.sees, tt.misses)
		}
	}
}

func TestLimits(t *testing.T) {
	c := login(t, run(t, sim.Options{}), "off")
	value := func(n int) string { return "Action: Setvar\r\nVariable: X\r\nValue: " + strings.Repeat("0", n) }
	for _, tt := range []struct{ request, want string }{
		{value(1010), "Variable Set"},
		{value(1020), "Failed to parse message: line too long"},
		{value(5000), "Failed to parse message: line too long"},
		{"Action: Ping" + strings.Repeat("\r\nX: y", 102), ""},
		{"Action: Ping" + strings.Repeat("\r\nX: y", 128), "Too many lines in message"},
	} {
		if got := c.do("ActionID: 1\r\n" + tt.request); got["Message"] != tt.want || got["ActionID"] != "1" {
			t.Errorf("%.30q: %v, want %q", tt.request, got, tt.want)
		}
	}
}

func TestActionsAreLogged(t *testing.T) {
	l := newLab(t, 22)
	l.ok(t, "Action: Ping|X-Note: hello|ActionID: 9")
	all := l.s.Actions()
	last := all[len(all)-1]
	if last.User != "admin" || last.Get("action") != "Ping" || last.Get("x-note") != "hello" {
		t.Errorf("last action %+v", last)
	}
}

func TestRedirectMovesAChannel(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	l.ok(t, "Action: Redirect|Channel: %s|Context: internal|Exten: 412|Priority: 1", made.Callee().Name)
	if a, b := made.Caller(), made.Callee(); a.Extension != "411" || b.Extension != "412" || !b.Up {
		t.Errorf("after the redirect %+v and %+v", a, b)
	}
	if n := len(l.s.Channels()); n != 2 {
		t.Errorf("%d channels, want 2", n)
	}
}

func TestCallEndsByItself(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "500", "501", sim.CallOptions{Answer: time.Second, Duration: 20 * time.Second})
	l.now.Advance(time.Second)
	l.c.event("BridgeEnter")
	l.now.Advance(20 * time.Second)
	l.c.event("HangupRequest")
	await.From(t, "the call to be over", made.Done())
	if err := made.Answer(); err == nil {
		t.Error("a call that is over can be answered")
	}
}

func TestScriptsRefuse(t *testing.T) {
	l := newLab(t, 22)
	if _, err := l.s.Call("410\r\nX: y", "411", sim.CallOptions{}); err == nil {
		t.Error("a line break is taken as an extension")
	}
	made := call(t, l.s, "410", "411", sim.CallOptions{Answer: sim.Never})
	if made.BlindTransfer("410", "412") == nil || made.Hold("999") == nil || made.Retrieve("412") == nil {
		t.Error("something impossible was done")
	}
	must(t, made.Answer())
	if made.Pickup("412") == nil {
		t.Error("an answered call was picked up")
	}
}

// Ten thousand channels are listed, and hundreds of recordings grow.
func TestManyChannels(t *testing.T) {
	l := newLab(t, 22)
	calls := l.s.Fill(10001)
	l.c.send("Action: CoreShowChannels\r\nActionID: 1\r\n\r\n")
	if got := l.c.event("CoreShowChannelsComplete"); got["ListItems"] != "10001" {
		t.Errorf("listed %s channels", got["ListItems"])
	}
	for i, made := range calls[:300] {
		l.ok(t, "Action: MixMonitor|Channel: %s|File: many/%d.wav", made.Caller().UniqueID, i)
	}
	l.now.Advance(10 * time.Second)
	for _, made := range calls {
		made.Hangup()
	}
	l.wave(t, "many/299.wav").complete(t, "the last one", 10*time.Second)
}

func TestDemoScene(t *testing.T) {
	t.Parallel() // its pauses are real
	l := newLab(t, 22)
	scene, err := sim.NewDemoScene(l.s)
	must(t, err)
	if n := len(l.s.Channels()); n != 4 {
		t.Errorf("%d channels at once, want 4", n)
	}
	first := l.s.Channels()[2].UniqueID
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- scene.Run(ctx) }()
	l.now.Advance(20 * time.Second)
	eventually(t, func() bool { return len(l.s.Channels()) == 2 })
	eventually(t, func() bool { return len(l.s.Channels()) == 4 })
	if got := l.s.Channels()[2]; got.Extension != "500" || got.UniqueID == first {
		t.Errorf("the new call is %+v", got)
	}
	cancel()
	must(t, <-ended)
}
