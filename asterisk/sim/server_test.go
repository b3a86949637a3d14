package sim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
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
