package sim_test

import (
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ivahaev/amigo"

	"recgate/asterisk/sim"
)

// heard collects what amigo's event handler is given.
type heard struct {
	mu     sync.Mutex // guards events
	events []map[string]string
}

func (h *heard) add(e map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *heard) has(event, channel string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.events, func(e map[string]string) bool {
		return e["Event"] == event && (channel == "" || e["Channel"] == channel)
	})
}

// TestAmigo drives the simulator with a client that this project did not
// write: login, a list, events, and a recording from beginning to end.
//
// amigo loses what follows the answer to its login in the same segment, so it
// logs in as a user who is not told FullyBooted.
func TestAmigo(t *testing.T) {
	now, spool := newClock(), t.TempDir()
	s := run(t, sim.Options{Version: 16, Spool: spool, Now: now.Now})
	host, port, err := net.SplitHostPort(s.Addr())
	must(t, err)
	peer := amigo.New(&amigo.Settings{Host: host, Port: port, Username: "recorder", Password: "recordersecret"})
	var h heard
	must(t, peer.RegisterDefaultHandler(h.add))
	peer.Connect()
	t.Cleanup(peer.Close)
	eventually(t, peer.Connected)

	made := call(t, s, "410", "411", sim.CallOptions{})
	name := made.Caller().Name
	eventually(t, func() bool { return h.has("BridgeEnter", name) })
	do := func(action map[string]string) map[string]string {
		t.Helper()
		answer, err := peer.Action(action)
		if err != nil || answer["Response"] != "Success" {
			t.Fatalf("%v: %v, %v", action, answer, err)
		}
		return answer
	}
	do(map[string]string{"Action": "CoreShowChannels"})
	eventually(t, func() bool { return h.has("CoreShowChannel", name) && h.has("CoreShowChannelsComplete", "") })

	started := do(map[string]string{"Action": "MixMonitor", "Channel": name, "File": "amigo.wav", "Options": "i(ID)"})
	now.Advance(2 * time.Second)
	do(map[string]string{"Action": "StopMixMonitor", "Channel": name, "MixMonitorID": started["MixMonitorID"]})
	eventually(t, func() bool { return h.has("MixMonitorStop", name) })
	w := readWave(t, filepath.Join(spool, "amigo.wav"))
	w.complete(t, "amigo.wav", 2*time.Second)
	w.want(t, "amigo.wav", 0, 2*time.Second, 400, 600)

	do(map[string]string{"Action": "Hangup", "Channel": name})
	eventually(t, func() bool { return h.has("Hangup", name) && h.has("Cdr", name) })
	refused, err := peer.Action(map[string]string{"Action": "Command", "Command": "core show version"})
	if err != nil || refused["Message"] != "Permission denied" {
		t.Errorf("Command: %v, %v", refused, err)
	}
}
