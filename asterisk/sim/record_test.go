package sim_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/asterisk/sim"
	"recgate/internal/await"
)

// wave is a WAV file as it was found.
type wave struct {
	data    []int16
	claimed uint32 // bytes of samples by the header
}

func readWave(t *testing.T, name string) wave {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 44 || string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || string(b[36:40]) != "data" {
		t.Fatalf("%s is no WAV file: % x", filepath.Base(name), b[:min(44, len(b))])
	}
	w := wave{claimed: binary.LittleEndian.Uint32(b[40:])}
	for i := 44; i+1 < len(b); i += 2 {
		w.data = append(w.data, int16(binary.LittleEndian.Uint16(b[i:])))
	}
	return w
}

func (w wave) lasts() time.Duration { return time.Duration(len(w.data)) * time.Second / 8000 }

// between is a piece of the recording.
func (w wave) between(from, to time.Duration) wave {
	i, j := int(from*8000/time.Second), int(to*8000/time.Second)
	return wave{data: w.data[min(i, len(w.data)):min(j, len(w.data))]}
}

// tones returns which of the lab's tones a recording holds, by Goertzel.
func (w wave) tones() []int {
	var found []int
	for _, hz := range []int{400, 500, 600, 700, 800, 1000} {
		c := 2 * math.Cos(2*math.Pi*float64(hz)/8000)
		var s1, s2 float64
		for _, v := range w.data {
			s1, s2 = float64(v)+c*s1-s2, s1
		}
		amplitude := 2 * math.Sqrt(max(0, s1*s1+s2*s2-c*s1*s2)) / float64(max(1, len(w.data)))
		if amplitude > 1000 {
			found = append(found, hz)
		}
	}
	return found
}

// want checks that a piece of a recording holds these tones and no others.
func (w wave) want(t *testing.T, what string, from, to time.Duration, tones ...int) {
	t.Helper()
	if got := w.between(from, to).tones(); !slices.Equal(got, tones) {
		t.Errorf("%s from %v to %v holds %v, want %v", what, from, to, got, tones)
	}
}

// complete checks length and header.
func (w wave) complete(t *testing.T, what string, lasts time.Duration) {
	t.Helper()
	if int(w.claimed) != 2*len(w.data) {
		t.Errorf("%s: header says %d bytes, file has %d", what, w.claimed, 2*len(w.data))
	}
	if diff := (w.lasts() - lasts).Abs(); diff > 20*time.Millisecond {
		t.Errorf("%s lasts %v, want %v", what, w.lasts(), lasts)
	}
}

// lab is a server with a clock that the test moves, and a client.
type lab struct {
	s     *sim.Server
	now   *clock
	c     *client
	spool string
}

func newLab(t *testing.T, version int) *lab {
	t.Helper()
	l := &lab{now: newClock(), spool: t.TempDir()}
	l.s = run(t, sim.Options{Version: version, Spool: l.spool, Now: l.now.Now})
	l.c = login(t, l.s, "call,cdr")
	return l
}

// ok runs an action that must succeed.
func (l *lab) ok(t *testing.T, format string, args ...any) map[string]string {
	t.Helper()
	got := l.c.do(strings.ReplaceAll(fmt.Sprintf(format, args...), "|", "\r\n"))
	if got["Response"] != "Success" {
		t.Fatalf("%s: %v", format, got)
	}
	return got
}

func (l *lab) wave(t *testing.T, name string) wave {
	t.Helper()
	return readWave(t, filepath.Join(l.spool, name))
}

func (l *lab) size(t *testing.T, name string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(l.spool, name))
	must(t, err)
	return info.Size()
}

func TestMixMonitorRecordsBothParties(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	id := made.Caller().UniqueID
	got := l.ok(t, "Action: MixMonitor|Channel: %s|File: sub/a.wav|Options: r(r.wav)t(t.wav)i(RID)|Command: echo ^{MIXMONITOR_FILENAME}", id)
	if got["MixMonitorID"] == "" {
		t.Fatal("no MixMonitorID")
	}
	if n := l.size(t, "sub/a.wav"); n != 44 {
		t.Errorf("file begins with %d bytes, want 44", n)
	}
	l.now.Advance(5 * time.Second)
	eventually(t, func() bool { return l.size(t, "sub/a.wav") == 44+2*32768 })
	if w := l.wave(t, "sub/a.wav"); w.claimed != 0 {
		t.Errorf("while it runs the header says %d bytes, want 0", w.claimed)
	}
	l.ok(t, "Action: StopMixMonitor|Channel: %s|MixMonitorID: %s", id, got["MixMonitorID"])
	for name, tones := range map[string][]int{"sub/a.wav": {400, 600}, "r.wav": {400}, "t.wav": {600}} {
		w := l.wave(t, name)
		w.complete(t, name, 5*time.Second)
		w.want(t, name, 0, 5*time.Second, tones...)
	}
	if diff := cmp.Diff([]string{"echo " + filepath.Join(l.spool, "sub/a.wav")}, l.s.CommandsRun()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestMonitorRecordsLegs(t *testing.T) {
	l := newLab(t, 16)
	made := call(t, l.s, "500", "501", sim.CallOptions{Tech: "SIP"})
	name := made.Caller().Name
	l.ok(t, "Action: Monitor|Channel: %s|File: m|Format: wav", name)
	if got := l.ok(t, "Action: Getvar|Channel: %s|Variable: MONITORED", name); got["Value"] != "true" {
		t.Errorf("MONITORED is %q", got["Value"])
	}
	l.now.Advance(time.Second)
	l.ok(t, "Action: PauseMonitor|Channel: %s", name)
	l.now.Advance(time.Second)
	l.ok(t, "Action: UnpauseMonitor|Channel: %s", name)
	l.now.Advance(time.Second)
	l.ok(t, "Action: StopMonitor|Channel: %s", name)
	for leg, tone := range map[string]int{"m-in.wav": 500, "m-out.wav": 700} {
		w := l.wave(t, leg)
		w.complete(t, leg, 2*time.Second)
		w.want(t, leg, 0, 2*time.Second, tone)
	}
}

func TestMonitorMixesAfterwards(t *testing.T) {
	l := newLab(t, 16)
	made := call(t, l.s, "500", "501", sim.CallOptions{})
	must(t, os.WriteFile(filepath.Join(l.spool, "m-keep.txt"), nil, 0o600))
	l.ok(t, "Action: Monitor|Channel: %s|File: m|Mix: 1", made.Caller().Name)
	l.now.Advance(time.Second)
	made.Hangup()
	l.c.event("MonitorStop")
	l.now.Advance(time.Second)
	eventually(t, func() bool { _, err := os.Stat(filepath.Join(l.spool, "m.wav")); return err == nil })
	eventually(t, func() bool { _, err := os.Stat(filepath.Join(l.spool, "m-keep.txt")); return err != nil })
	l.wave(t, "m.wav").want(t, "mix", 0, time.Second, 500, 700)
}

func TestRingingRecordsNothing(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{Answer: 3 * time.Second})
	l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav", made.Caller().Name)
	l.now.Advance(2 * time.Second)
	l.ok(t, "Action: Ping")
	if n := l.size(t, "a.wav"); n != 44 {
		t.Errorf("while it rings the file has %d bytes, want 44", n)
	}
	l.now.Advance(time.Second)
	l.c.event("BridgeEnter")
	l.now.Advance(time.Second)
	made.Hangup()
	l.c.event("Hangup")
	w := l.wave(t, "a.wav")
	w.complete(t, "a.wav", time.Second)
	w.want(t, "a.wav", 0, time.Second, 400, 600)
}

func TestHoldSilencesOneParty(t *testing.T) {
	for version, lasts := range map[int]time.Duration{16: 2 * time.Second, 22: 3 * time.Second} {
		l := newLab(t, version)
		made := call(t, l.s, "410", "411", sim.CallOptions{})
		l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav|Options: r(r.wav)", made.Caller().Name)
		l.ok(t, "Action: MixMonitor|Channel: %s|Options: Sr(s.wav)", made.Caller().Name)
		l.now.Advance(time.Second)
		must(t, made.Hold("410"))
		l.c.event("Hold")
		l.now.Advance(time.Second)
		must(t, made.Unhold("410"))
		l.now.Advance(time.Second)
		made.Hangup()
		a := l.wave(t, "a.wav")
		a.complete(t, "mixed", 3*time.Second)
		a.want(t, "mixed", 0, time.Second, 400, 600)
		a.want(t, "mixed", time.Second, 2*time.Second, 600)
		a.want(t, "mixed", 2*time.Second, 3*time.Second, 400, 600)
		l.wave(t, "r.wav").complete(t, fmt.Sprintf("r on %d", version), lasts)
		l.wave(t, "s.wav").complete(t, "r with S", 3*time.Second)
	}
}

func TestTransfersGoOnRecording(t *testing.T) {
	transfers := map[string]func(*sim.Call) error{
		"blind":    func(c *sim.Call) error { return c.BlindTransfer("411", "412") },
		"attended": func(c *sim.Call) error { return c.AttendedTransfer("411", "412") },
	}
	for name, transfer := range transfers {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, 22)
			made := call(t, l.s, "410", "411", sim.CallOptions{})
			linked := made.Caller().LinkedID
			l.ok(t, "Action: MixMonitor|Channel: %s|File: stays.wav", made.Caller().Name)
			l.ok(t, "Action: MixMonitor|Channel: %s|File: leaves.wav", made.Callee().Name)
			l.now.Advance(time.Second)
			must(t, transfer(made))
			if got := made.Callee(); got.Extension != "412" || got.LinkedID != linked {
				t.Errorf("callee is %+v, want 412 with linked id %s", got, linked)
			}
			l.now.Advance(time.Second)
			made.Hangup()
			w := l.wave(t, "stays.wav")
			w.complete(t, "stays", 2*time.Second)
			w.want(t, "stays", 0, time.Second, 400, 600)
			w.want(t, "stays", time.Second, 2*time.Second, 400, 800)
			l.wave(t, "leaves.wav").complete(t, "leaves", time.Second)
			await.From(t, "the call to be over", made.Done())
		})
	}
}

func TestPickupMovesTheMixMonitor(t *testing.T) {
	l := newLab(t, 16)
	made := call(t, l.s, "410", "420", sim.CallOptions{Answer: sim.Never})
	old := made.Callee().UniqueID
	id := l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav|Options: i(R)", old)["MixMonitorID"]
	l.ok(t, "Action: Monitor|Channel: %s|File: m", old)
	l.now.Advance(time.Second)
	must(t, made.Pickup("412"))
	l.now.Advance(time.Second)
	if got := l.c.do("Action: StopMixMonitor\r\nChannel: " + old); got["Message"] != "No such channel" {
		t.Errorf("stop by the old name: %v", got)
	}
	l.ok(t, "Action: StopMixMonitor|Channel: %s|MixMonitorID: %s", made.Callee().UniqueID, id)
	w := l.wave(t, "a.wav")
	w.complete(t, "a.wav", time.Second)
	w.want(t, "a.wav", 0, time.Second, 400, 800)
	l.wave(t, "m-in.wav").complete(t, "Monitor of the replaced channel", 0)
}

func TestParkedCallIsRecordedAlone(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav", made.Caller().Name)
	_, err := made.Park("411")
	must(t, err)
	l.now.Advance(time.Second)
	must(t, made.Retrieve("501"))
	l.now.Advance(time.Second)
	l.ok(t, "Action: StopMixMonitor|Channel: %s", made.Caller().Name)
	w := l.wave(t, "a.wav")
	w.want(t, "parked", 0, time.Second, 400)
	w.want(t, "retrieved", time.Second, 2*time.Second, 400, 700)
}

func TestLocalChannelCarriesBothTones(t *testing.T) {
	l := newLab(t, 22)
	made, err := l.s.LocalCall("411", "412", sim.CallOptions{})
	must(t, err)
	halves := made.Locals()
	l.ok(t, "Action: MixMonitor|Channel: %s|File: one.wav", halves[0].Name)
	l.ok(t, "Action: MixMonitor|Channel: %s|File: phone.wav", made.Caller().Name)
	l.now.Advance(time.Second)
	made.Hangup()
	await.From(t, "the call to be over", made.Done())
	l.wave(t, "one.wav").want(t, "half of the Local channel", 0, time.Second, 600, 800)
	l.wave(t, "phone.wav").want(t, "telephone", 0, time.Second, 600, 800)
	if left := l.s.Channels(); len(left) != 0 {
		t.Errorf("channels left: %v", left)
	}
}

func TestMuteKeepsSilence(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	name := made.Caller().Name
	l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav", name)
	l.ok(t, "Action: MixMonitorMute|Channel: %s|Direction: both|State: 1", name)
	l.now.Advance(time.Second)
	l.ok(t, "Action: MixMonitorMute|Channel: %s|Direction: read|State: 0", name)
	l.now.Advance(time.Second)
	l.ok(t, "Action: StopMixMonitor|Channel: %s", name)
	w := l.wave(t, "a.wav")
	w.complete(t, "a.wav", 2*time.Second)
	w.want(t, "a.wav", 0, time.Second)
	w.want(t, "a.wav", time.Second, 2*time.Second, 400)
}

func TestToneCanBeChosen(t *testing.T) {
	l := newLab(t, 22)
	l.s.Tone("410", 1000)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	l.ok(t, "Action: MixMonitor|Channel: %s|File: a.wav", made.Caller().Name)
	l.now.Advance(time.Second)
	l.s.Tone("411", 0)
	l.now.Advance(time.Second)
	made.Hangup()
	w := l.wave(t, "a.wav")
	w.want(t, "a.wav", 0, time.Second, 600, 1000)
	w.want(t, "a.wav", time.Second, 2*time.Second, 1000)
}

// A comma in File lets the rest become a command; none is run, and nothing is
// written outside the spool.
func TestHostileFileNames(t *testing.T) {
	l := newLab(t, 22)
	made := call(t, l.s, "410", "411", sim.CallOptions{})
	for _, file := range []string{"a.wav,,touch x", `b\,c.wav`, "../out.wav", "/tmp/amisim-out.wav", l.spool + "/abs.wav", "a.mp3"} {
		l.ok(t, "Action: MixMonitor|Channel: %s|File: %s", made.Caller().Name, file)
	}
	made.Hangup()
	var found []string
	entries, err := os.ReadDir(l.spool)
	must(t, err)
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if diff := cmp.Diff([]string{"a.wav", "abs.wav", "b,c.wav"}, found); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"touch x"}, l.s.CommandsRun()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}
