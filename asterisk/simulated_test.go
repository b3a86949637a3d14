package asterisk_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"recgate/ami"
	"recgate/asterisk"
	"recgate/asterisk/sim"
	"recgate/audio/audiotest"
	"recgate/internal/await"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// simulated is the simulated Asterisk as an exchange.
type simulated struct {
	*sim.Server
	pbx   *asterisk.PBX
	tech  string
	calls map[string]*sim.Call // by unique id
}

// TestSimulatedPBX holds client and simulator to the contract that real
// Asterisk servers pass in the full run.
func TestSimulatedPBX(t *testing.T) {
	for _, tt := range []struct {
		version        int
		recorder, tech string
	}{{16, asterisk.MixMonitor, "SIP"}, {16, asterisk.Monitor, "SIP"}, {16, asterisk.Monitor, "PJSIP"}, {22, asterisk.Auto, "PJSIP"}} {
		t.Run(strconv.Itoa(tt.version)+" "+tt.recorder+" "+tt.tech, func(t *testing.T) {
			t.Parallel() // the simulator plays in real time
			recordingtest.TestPBX(t, hear, func(t *testing.T) recordingtest.Exchange {
				return recordingtest.ExchangeOf(newSimulated(t, tt.version, tt.recorder, tt.tech))
			})
		})
	}
}

func newSimulated(t *testing.T, version int, recorder, tech string) *simulated {
	t.Helper()
	dir := t.TempDir()
	mount := filepath.Join(dir, "rec")
	if err := os.Mkdir(mount, 0o750); err != nil {
		t.Fatal(err)
	}
	server, err := sim.New(sim.Options{
		Version: version, Listen: "127.0.0.1:0", Spool: dir,
		Users: []sim.User{{Name: "recgate", Secret: "secret", Read: "call", Write: "call,system"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Error(err)
		}
	})
	pbx, err := asterisk.New(asterisk.Config{
		Name:    "pbx1",
		Client:  ami.Options{Address: server.Addr(), Username: "recgate", Secret: "secret", MD5: true, BackoffMin: time.Millisecond},
		Actions: 2, Recorder: recorder, Spool: "rec", Mount: mount, VerifyStart: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &simulated{Server: server, pbx: pbx, tech: tech, calls: map[string]*sim.Call{}}
}

func (s *simulated) PBX() recording.PBX { return s.pbx.Ports() }

func (s *simulated) Call(t testing.TB, from, to string) (caller, callee string) {
	t.Helper()
	return s.dial(t, from, to, sim.CallOptions{})
}

func (s *simulated) CallAs(t testing.TB, from, to, uniqueID string) {
	t.Helper()
	s.dial(t, from, to, sim.CallOptions{UniqueID: uniqueID})
}

func (s *simulated) Ring(t testing.TB, from, to string) string {
	t.Helper()
	_, callee := s.dial(t, from, to, sim.CallOptions{Answer: sim.Never})
	return callee
}

func (s *simulated) dial(t testing.TB, from, to string, o sim.CallOptions) (caller, callee string) {
	t.Helper()
	o.Tech = s.tech
	c, err := s.Server.Call(from, to, o)
	if err != nil {
		t.Fatal(err)
	}
	caller, callee = c.Caller().UniqueID, c.Callee().UniqueID
	s.calls[caller], s.calls[callee] = c, c
	return caller, callee
}

func (s *simulated) Hangup(t testing.TB, uniqueID string) {
	t.Helper()
	s.calls[uniqueID].Hangup()
}

func (s *simulated) Pass(d time.Duration) { time.Sleep(d) }

func (s *simulated) Tone(extension string) float64 {
	n, err := strconv.Atoi(extension)
	if err != nil {
		panic(err)
	}
	return float64(n/100*100 + n%10*200)
}

func (s *simulated) Cut(testing.TB) { s.Misbehave(sim.Misbehaviour{Kind: sim.Drop}) }

func hear(t testing.TB, wav io.ReaderAt, size int64, hz float64) float64 {
	t.Helper()
	b := make([]byte, size)
	if _, err := wav.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	share, err := audiotest.Share(b, 0, hz)
	if err != nil {
		t.Fatal(err)
	}
	return share / 100
}
