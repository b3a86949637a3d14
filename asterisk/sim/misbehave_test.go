package sim_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/internal/await"
)

func TestDropClosesAllConnections(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Drop})
	if !l.c.closed() {
		t.Error("the connection lives")
	}
	login(t, l.s, "off") // and a new one is welcome
}

func TestStallAnswersLater(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Stall, For: time.Second})
	l.c.send("Action: Ping\r\nActionID: 7\r\n\r\n")
	_ = l.c.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := l.c.r.Peek(1); err == nil {
		t.Fatalf("it answers while it stalls: %q", b)
	}
	l.now.Advance(time.Second)
	if got := l.c.until(func(m map[string]string) bool { return m["Response"] != "" }); got["ActionID"] != "7" {
		t.Errorf("got %v", got)
	}
}

func TestSplitStillMakesMessages(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Split})
	if got := l.ok(t, "Action: Ping"); got["Ping"] != "Pong" {
		t.Errorf("got %v", got)
	}
}

func TestRefuseAndBehave(t *testing.T) {
	s := run(t, sim.Options{})
	s.Misbehave(sim.Misbehaviour{Kind: sim.Refuse})
	c := dial(t, s)
	if got := c.do("Action: Login\r\nUsername: admin\r\nSecret: adminsecret"); got["Message"] != "Authentication failed" {
		t.Errorf("got %v", got)
	}
	if !c.closed() {
		t.Error("the connection lives")
	}
	s.Behave()
	login(t, s, "on")
}

func TestDenyTakesAnAction(t *testing.T) {
	l := newLab(t, 16)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Deny, Action: "MixMonitor"})
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	if got := l.c.do("Action: MixMonitor\r\nFile: a.wav\r\nChannel: " + made.Caller().Name); got["Message"] != "Permission denied" {
		t.Errorf("got %v", got)
	}
	if got := l.ok(t, "Action: ListCommands"); got["MixMonitor"] != "" || got["Monitor"] == "" {
		t.Errorf("ListCommands: %v", got)
	}
}

func TestNoFileAndSlowFile(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	exists := func(name string) bool { _, err := os.Stat(filepath.Join(l.spool, name)); return err == nil }
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.NoFile})
	l.ok(t, "Action: MixMonitor|Channel: %s|File: none.wav", made.Caller().Name)
	l.c.event("MixMonitorStart")
	l.s.Behave()
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.SlowFile, Delay: time.Second})
	l.ok(t, "Action: MixMonitor|Channel: %s|File: slow.wav", made.Caller().Name)
	if exists("none.wav") || exists("slow.wav") {
		t.Error("a file is there")
	}
	l.now.Advance(2 * time.Second)
	eventually(t, func() bool { return exists("slow.wav") })
	made.Hangup()
	l.wave(t, "slow.wav").complete(t, "slow.wav", 2*time.Second)
}

// A leg of what each channel says is whole on a deaf server, the mix is not.
func TestDeafLosesTheNewPartner(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Deaf})
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav", made.Caller().Name)
	l.now.Advance(time.Second)
	must(t, made.BlindTransfer("411", "412"))
	l.ok(t, "Action: MixMonitor|Channel: %s|Options: r(new.wav)", made.Callee().Name)
	l.now.Advance(time.Second)
	l.ok(t, "Action: StopMixMonitor|Channel: %s", made.Caller().Name)
	l.ok(t, "Action: MixMonitor|Channel: %s|File: b.wav", made.Caller().Name)
	l.now.Advance(time.Second)
	made.Hangup()
	l.wave(t, "a.wav").want(t, "a.wav", 0, time.Second, 400, 600)
	l.wave(t, "a.wav").want(t, "a.wav", time.Second, 2*time.Second, 400)
	l.wave(t, "b.wav").want(t, "b.wav", 0, time.Second, 400, 800)
	l.wave(t, "new.wav").want(t, "new.wav", 0, 2*time.Second, 800)
}

func TestFloodSendsEvents(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Flood, Count: 3000})
	for range 3000 {
		l.c.event("NewConnectedLine")
	}
	l.c.event("Hangup") // of the channel that all of them are about
}

func TestHalfOpenPassesNothing(t *testing.T) {
	l := newLab(t, 22)
	asked := len(l.s.Actions())
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.HalfOpen})
	l.c.send("Action: Ping\r\n\r\n")
	other := login(t, l.s, "off")
	if got := other.do("Action: Ping"); got["Ping"] != "Pong" {
		t.Errorf("a new connection: %v", got)
	}
	_ = l.c.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := l.c.r.Peek(1)
	if e, ok := err.(net.Error); !ok || !e.Timeout() {
		t.Errorf("the old connection: %v, want silence", err)
	}
	if got := len(l.s.Actions()) - asked; got != 2 {
		t.Errorf("the PBX saw %d actions, want login and ping of the new connection", got)
	}
}

func TestEndlessLineHasNoEnd(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.EndlessLine, Count: 100000})
	b := make([]byte, 100000)
	if _, err := io.ReadFull(l.c.r, b); err != nil || strings.ContainsAny(string(b), "\r\n") {
		t.Errorf("no endless line: %v", err)
	}
}

func TestAwayClosesEveryConnection(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Away, For: time.Second})
	conn, err := net.Dial("tcp", l.s.Addr())
	must(t, err)
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(conn); len(b) > 0 {
		t.Errorf("it greets while away: %q, %v", b, err)
	}
	l.now.Advance(time.Second)
	eventually(t, func() bool {
		c, err := net.Dial("tcp", l.s.Addr())
		must(t, err)
		defer func() { _ = c.Close() }()
		_ = c.SetReadDeadline(time.Now().Add(patience))
		n, _ := c.Read(make([]byte, 1))
		return n == 1
	})
}

// After a kill nobody completes the files, and names and counters begin anew.
func TestRestartForgets(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	old := made.Caller()
	l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav", old.Name)
	l.now.Advance(3 * time.Second)
	l.ok(t, "Action: Ping")
	l.s.Restart()
	await.From(t, "the call to be over", made.Done())
	if !l.c.closed() {
		t.Error("the connection lives")
	}
	w := l.wave(t, "a.wav")
	if w.claimed != 0 || len(w.data) != 16384 {
		t.Errorf("header says %d, file has %d samples; want 0 and one step", w.claimed, len(w.data))
	}
	again := call(t, l.s, "410", "411", sim.CallOptions{}).Caller()
	if again.Name != old.Name || !strings.HasSuffix(again.UniqueID, ".0") || again.UniqueID == old.UniqueID {
		t.Errorf("after the restart %+v, before it %+v", again, old)
	}
	made.Hangup() // of a call that is over: nothing
	if err := made.Hold("410"); err == nil {
		t.Error("a call that is over can be put on hold")
	}
}

// TestSlowHoldsOneConnection: a slow action holds up its own connection, as in
// the real one, and no other.
func TestSlowHoldsOneConnection(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.Slow, Action: "CoreSettings", Delay: 2 * time.Second})
	begin := time.Now()
	l.c.send("Action: CoreSettings\r\n\r\nAction: Ping\r\n\r\n")
	other := login(t, l.s, "off")
	if got := other.do("Action: Ping"); got["Ping"] != "Pong" {
		t.Errorf("another connection: %v", got)
	}
	asked := slices.IndexFunc(l.s.Actions(), func(a sim.Action) bool { return a.Get("Action") == "CoreSettings" })
	if asked >= 0 {
		t.Error("the slow action was answered before the ping of another connection")
	}
	if got := l.c.until(isResponse); got["AsteriskVersion"] == "" || time.Since(begin) < 300*time.Millisecond {
		t.Errorf("%v after %v", got, time.Since(begin))
	}
	if got := l.c.until(isResponse); got["Ping"] != "Pong" {
		t.Errorf("after the slow action: %v", got)
	}
	l.s.Behave()
	if got := l.c.do("Action: CoreSettings"); got["Response"] != "Success" {
		t.Errorf("%v", got)
	}
}

func isResponse(m map[string]string) bool { return m["Response"] != "" }
