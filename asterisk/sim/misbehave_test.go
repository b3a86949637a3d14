package sim_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/internal/await"
)

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

func TestEndlessLineHasNoEnd(t *testing.T) {
	l := newLab(t, 22)
	l.s.Misbehave(sim.Misbehaviour{Kind: sim.EndlessLine, Count: 100000})
	b := make([]byte, 100000)
	if _, err := io.ReadFull(l.c.r, b); err != nil || strings.ContainsAny(string(b), "\r\n") {
		t.Errorf("no endless line: %v", err)
	}
}

// After a kill nobody completes the files, and names and counters begin again.
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
