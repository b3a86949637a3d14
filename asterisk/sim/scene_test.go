package sim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/asterisk/sim"
)

// scene is a piece of telephony that was captured and is played again.
type scene struct {
	version, name string
	ordered       bool // the order of the events is the captured one, too
	play          func(t *testing.T, s *sim.Server, c *client, now *clock)
}

func scenes() []scene {
	return []scene{
		{"16", "whole-call-pjsip-monitor", true, wholeCall("PJSIP", "Monitor", "StopMonitor")},
		{"16", "whole-call-pjsip-mixmonitor", false, wholeCall("PJSIP", "MixMonitor", "StopMixMonitor")},
		{"22", "whole-call-pjsip-mixmonitor", false, wholeCall("PJSIP", "MixMonitor", "StopMixMonitor")},
		{"16", "whole-call-sip-mixmonitor", false, wholeCall("SIP", "MixMonitor", "StopMixMonitor")},
		{"22", "hangup-while-mixmonitor-pjsip", false, wholeCall("PJSIP", "MixMonitor", "")},
		{"16", "hangup-while-monitor-sip", false, wholeCall("SIP", "Monitor", "")},
		{"16", "pickup-mixmonitor", false, pickup},
		{"22", "pickup-mixmonitor", false, pickup},
		{"16", "mixmonitor-mute", false, mute},
		{"16", "blind-transfer-mixmonitor-transferee", false, blindTransfer},
		{"16", "attended-transfer-refer-mixmonitor", false, refer},
		{"16", "parking-mixmonitor", false, parking},
		{"16", "ringing", false, givesUp},
		{"16", "local-optimised-mixmonitor", false, local},
	}
}

// TestScenes plays captured scenes and compares every event of the classes
// call and cdr: its headers, their order and their values.
func TestScenes(t *testing.T) {
	for _, tt := range scenes() {
		t.Run(tt.version+"/"+tt.name, func(t *testing.T) {
			t.Parallel()
			now, spool := newClock(), t.TempDir()
			number := 22
			if tt.version == "16" {
				number = 16
			}
			s := run(t, sim.Options{Version: number, Spool: spool, Now: now.Now})
			c := login(t, s, "on")
			tt.play(t, s, c, now)
			var want []string
			for _, turn := range transcript(t, tt.version, tt.name) {
				want = append(want, callEvents(turn.got)...)
			}
			want = comparableEvents(want)
			got := comparableEvents(c.events(len(want)))
			if !tt.ordered {
				slices.SortStableFunc(want, byKind)
				slices.SortStableFunc(got, byKind)
			}
			if diff := cmp.Diff(all(newPlain("/nowhere"), want), all(newPlain(spool), got)); diff != "" {
				t.Errorf("events differ (-captured +ours):\n%s", diff)
			}
		})
	}
}

func callEvents(messages []string) []string {
	var list []string
	for _, m := range messages {
		if _, ok := callEvent(m); ok {
			list = append(list, m)
		}
	}
	return list
}

// comparableEvents leaves out what follows when a Local channel optimises
// itself away, which the simulator's do not, and how it was begun: by
// Originate, and a MixMonitor in the middle of it.
func comparableEvents(events []string) []string {
	var list []string
	for _, m := range events {
		switch name, _ := callEvent(m); {
		case name == "LocalOptimizationBegin":
			return list
		case name == "OriginateResponse", name == "MixMonitorStart" && strings.Contains(m, "Channel: Local/"):
		default:
			list = append(list, m)
		}
	}
	return list
}

// events reads n events of class call or cdr, and sees that no more follow.
func (c *client) events(n int) []string {
	c.t.Helper()
	c.send("Action: Ping\r\nActionID: last\r\n\r\n")
	var list []string
	for {
		m, err := c.message()
		if err != nil {
			c.t.Fatalf("after %d of %d events: %v", len(list), n, err)
		}
		if fields(m)["ActionID"] == "last" {
			return list
		}
		list = append(list, callEvents([]string{m})...)
	}
}

// byKind sorts by the name of the event, keeping the order of one kind; but
// which channel of a bridge hangs up first is chance.
func byKind(a, b string) int {
	x, _ := callEvent(a)
	y, _ := callEvent(b)
	if x == "Hangup" && y == "Hangup" {
		return strings.Compare(fields(a)["CallerIDNum"], fields(b)["CallerIDNum"])
	}
	return strings.Compare(x, y)
}

func all(p *plain, messages []string) []string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = p.text(m)
	}
	return list
}

func wholeCall(tech, start, stop string) func(*testing.T, *sim.Server, *client, *clock) {
	return func(t *testing.T, s *sim.Server, c *client, now *clock) {
		made := call(t, s, "410", "411", sim.CallOptions{Tech: tech})
		s410 := "\r\nChannel: " + made.Caller().Name
		c.record(s, start, s410)
		now.Advance(time.Second)
		if stop != "" {
			c.record(s, stop, s410)
		}
		now.Advance(2 * time.Second)
		made.Hangup()
	}
}

// record sends an action that names a file, and leaves its answer among the
// events.
func (c *client) record(s *sim.Server, action, headers string) {
	c.t.Helper()
	asked := len(s.Actions())
	c.send("Action: " + action + headers + "\r\nFile: scene.wav\r\n\r\n")
	eventually(c.t, func() bool { return len(s.Actions()) > asked })
}

// eventually waits until something is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not become so")
		}
	}
}

func pickup(t *testing.T, s *sim.Server, c *client, now *clock) {
	made := call(t, s, "410", "420", sim.CallOptions{Answer: sim.Never})
	c.record(s, "MixMonitor", "\r\nChannel: "+made.Callee().Name)
	must(t, made.Pickup("412"))
}

func mute(t *testing.T, s *sim.Server, c *client, now *clock) {
	made := call(t, s, "410", "411", sim.CallOptions{})
	s410 := "\r\nChannel: " + made.Caller().Name
	c.record(s, "MixMonitor", s410)
	c.record(s, "MixMonitorMute", s410+"\r\nDirection: both\r\nState: 1")
	c.record(s, "MixMonitorMute", s410+"\r\nDirection: read\r\nState: 0")
	c.record(s, "StopMixMonitor", s410)
	c.record(s, "MixMonitorMute", s410+"\r\nDirection: both\r\nState: 1")
}

func blindTransfer(t *testing.T, s *sim.Server, c *client, now *clock) {
	made := call(t, s, "410", "411", sim.CallOptions{})
	c.record(s, "MixMonitor", "\r\nChannel: "+made.Callee().Name)
	now.Advance(time.Second)
	must(t, made.BlindTransfer("410", "412"))
	c.record(s, "StopMixMonitor", "\r\nChannel: "+made.Caller().Name)
}

func refer(t *testing.T, s *sim.Server, c *client, now *clock) {
	made := call(t, s, "410", "411", sim.CallOptions{})
	c.record(s, "MixMonitor", "\r\nChannel: "+made.Caller().Name)
	now.Advance(time.Second)
	must(t, made.AttendedTransfer("411", "412"))
	c.record(s, "StopMixMonitor", "\r\nChannel: "+made.Caller().Name)
}

func parking(t *testing.T, s *sim.Server, c *client, now *clock) {
	made := call(t, s, "410", "411", sim.CallOptions{})
	c.record(s, "MixMonitor", "\r\nChannel: "+made.Caller().Name)
	now.Advance(time.Second)
	space, err := made.Park("411")
	must(t, err)
	if space != "701" {
		t.Errorf("parked on %s, want 701", space)
	}
	now.Advance(time.Second)
	must(t, made.Retrieve("412"))
	now.Advance(time.Second)
	c.record(s, "StopMixMonitor", "\r\nChannel: "+made.Caller().Name)
	now.Advance(time.Second)
	eventually(t, func() bool { return len(s.Channels()) == 2 }) // 411 has heard the number and hung up
}

func givesUp(t *testing.T, s *sim.Server, c *client, now *clock) {
	made := call(t, s, "410", "420", sim.CallOptions{Answer: sim.Never})
	s410 := "\r\nChannel: " + made.Caller().Name
	c.record(s, "MixMonitor", s410)
	c.record(s, "MixMonitor", s410+"\r\nOptions: b")
	now.Advance(time.Second)
	c.record(s, "Hangup", s410)
}

func local(t *testing.T, s *sim.Server, c *client, now *clock) {
	made, err := s.LocalCall("411", "412", sim.CallOptions{})
	must(t, err)
	c.record(s, "MixMonitor", "\r\nChannel: "+made.Locals()[0].Name)
	c.record(s, "StopMixMonitor", "\r\nChannel: "+made.Locals()[0].Name)
}
