package asterisk

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"recgate/recording"
)

// TestStopAsksOnce: what the PBX has just said of an id is not asked again by
// the stop that follows; but by a later stop, and when some time has passed.
func TestStopAsksOnce(t *testing.T) {
	r := newRig(t, nil).up(t)
	if err := os.WriteFile(filepath.Join(r.mount, hexID+".wav"), []byte("RIFF"), 0o644); err != nil {
		t.Fatal(err)
	}
	rec := recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: MixMonitor, Handle: "0x5"}
	r.vars(map[string]string{"MIXMONITOR(0x5,filename)": "/var/spool/rec/" + hexID + ".wav"})
	asked := len(r.far.asked("Getvar"))
	for _, step := range []struct {
		what string
		do   func() error
		want int // questions of the PBX
	}{
		{"Reclaim", func() error { _, err := r.Reclaim(t.Context(), rec); return err }, 1},
		{"Stop at once", func() error { return r.Stop(t.Context(), rec) }, 0},
		{"Stop again", func() error { return r.Stop(t.Context(), rec) }, 1},
		{"Reclaim", func() error { _, err := r.Reclaim(t.Context(), rec); return err }, 1},
		{"Stop later", func() error { time.Sleep(2 * confirmedFor); return r.Stop(t.Context(), rec) }, 1},
		{"Reclaim", func() error { _, err := r.Reclaim(t.Context(), rec); return err }, 1},
		{"Stop of another id", func() error { other := rec; other.Handle = "0x6"; return r.Stop(t.Context(), other) }, 1},
	} {
		if err := step.do(); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		if now := len(r.far.asked("Getvar")); now-asked != step.want {
			t.Errorf("%s asked the PBX %d times, want %d", step.what, now-asked, step.want)
		} else {
			asked = now
		}
	}
}
