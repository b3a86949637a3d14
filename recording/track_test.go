package recording_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recgate/recording"
)

// tracksIn returns a track for each of the states.
func tracksIn(states ...recording.State) []recording.Track {
	var tracks []recording.Track
	for _, s := range states {
		tracks = append(tracks, recording.Track{State: s})
	}
	return tracks
}

// TestStateOfTwo says what two tracks make of their recording, for every pair.
func TestStateOfTwo(t *testing.T) {
	const s, r, c, y, e, l, f = recording.Starting, recording.Running, recording.Collecting, recording.Ready, recording.Empty, recording.Lost, recording.Failed
	first := []recording.State{s, r, c, y, e, f, l}
	for _, tt := range []struct {
		second recording.State
		want   []recording.State // beside each of first
	}{
		{s, []recording.State{s, r, s, s, s, s, s}}, // one is about to run
		{r, []recording.State{r, r, r, r, r, r, r}}, // one runs
		{c, []recording.State{s, r, c, c, c, c, c}}, // one is on its way
		{y, []recording.State{s, r, c, y, y, y, y}}, // there is something to hear
		{e, []recording.State{s, r, c, y, e, e, e}}, // one heard nothing
		{f, []recording.State{s, r, c, y, e, f, l}}, // one never ran
		{l, []recording.State{s, r, c, y, e, l, l}}, // one is lost
	} {
		for i, want := range tt.want {
			for _, tracks := range [][]recording.Track{tracksIn(first[i], tt.second), tracksIn(tt.second, first[i])} {
				if got := recording.StateOf("own", tracks); got != want {
					t.Errorf("%s and %s: %s, want %s", tracks[0].State, tracks[1].State, got, want)
				}
			}
		}
	}
}

// TestStateOfAll goes through every set of states that tracks can be in: more
// tracks say nothing that two of them do not.
func TestStateOfAll(t *testing.T) {
	states := recording.States()
	for set := range 1 << len(states) {
		var in []recording.State
		for i, s := range states {
			if set&(1<<i) != 0 {
				in = append(in, s)
			}
		}
		got := recording.StateOf("own", tracksIn(in...))
		switch {
		case len(in) == 0:
			if got != "own" {
				t.Errorf("no tracks: %s", got)
			}
			continue
		case !slices.Contains(in, got):
			t.Errorf("%v: %s, which none is in", in, got)
		case got.Final() != !slices.ContainsFunc(in, func(s recording.State) bool { return !s.Final() }):
			t.Errorf("%v: %s", in, got)
		}
		folded := in[0]
		for _, s := range in[1:] {
			folded = recording.StateOf("own", tracksIn(folded, s))
		}
		if folded != got {
			t.Errorf("%v: %s, and two by two %s", in, got, folded)
		}
	}
}

// TestTracksFollow takes recordings through steps of every kind: the state is
// what the tracks say, a recording that is over has none that is open, and
// what a step leaves is what a Store gives back of it.
func TestTracksFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rec := recording.Recording{State: recording.Starting, Channel: "SIP/410-1", UniqueID: "1.1"}
		t.Repeat(map[string]func(*rapid.T){"step": func(t *rapid.T) {
			step := recording.Step{
				To: rapid.SampledFrom(recording.States()).Draw(t, "to"), Back: rapid.Bool().Draw(t, "back"),
				Recorder: rapid.SampledFrom([]string{"", "mixmonitor", "monitor"}).Draw(t, "recorder"),
				Bytes:    rapid.Int64Range(0, 9).Draw(t, "bytes"),
			}
			if rapid.Bool().Draw(t, "stopped") {
				step.StoppedAt = time.UnixMilli(rapid.Int64Range(1, 9).Draw(t, "at"))
			}
			if rapid.Bool().Draw(t, "new tracks") {
				step.Tracks = tracksIn(rapid.SliceOfN(rapid.SampledFrom(recording.States()), 0, 3).Draw(t, "tracks")...)
			}
			if !slices.Contains(step.From(), rec.State) {
				return
			}
			before := slices.Clone(rec.Tracks)
			held := rec.Tracks
			rec.Apply(step)
			if diff := cmp.Diff(before, held); diff != "" {
				t.Fatalf("the tracks of a copy were changed:\n%s", diff)
			}
		}, "": func(t *rapid.T) {
			if got := recording.StateOf(rec.State, rec.Tracks); got != rec.State {
				t.Fatalf("it is %s, and its tracks say %s", rec.State, got)
			}
			for _, track := range rec.Tracks {
				if track.State.Final() != rec.State.Final() || track.UniqueID != rec.UniqueID || track.StoppedAt != rec.StoppedAt {
					t.Fatalf("the track %+v of %+v", track, rec)
				}
			}
			if diff := cmp.Diff(rec.Tracks, recording.StoredTracks(rec, rec.Tracks)); diff != "" {
				t.Fatalf("stored tracks differ:\n%s", diff)
			}
		}})
	})
}

// TestStoredTracks is about rows that a gateway wrote whose tracks were files
// alone.
func TestStoredTracks(t *testing.T) {
	at := time.UnixMilli(7)
	rec := recording.Recording{
		Channel: "SIP/410-1", UniqueID: "1.1", Recorder: "mixmonitor", Handle: "0x1", State: recording.Ready, StoppedAt: at, Bytes: 44,
	}
	asRecording := recording.Track{
		Channel: "SIP/410-1", UniqueID: "1.1", Recorder: "mixmonitor", Handle: "0x1", State: recording.Ready, StoppedAt: at, Bytes: 44,
	}
	ownWay := asRecording
	ownWay.Channel, ownWay.UniqueID, ownWay.Handle, ownWay.State, ownWay.Bytes = "SIP/411-2", "2.2", "0x2", recording.Lost, 7
	elsewhere := asRecording
	elsewhere.Handle = "0x2"
	for name, tt := range map[string]struct{ kept, want []recording.Track }{
		"none":                         {},
		"that gateway wrote it":        {[]recording.Track{{}, {}}, []recording.Track{asRecording, asRecording}},
		"that gateway made the steps":  {[]recording.Track{{UniqueID: "1.1", State: recording.Running, Handle: "0x9"}}, []recording.Track{asRecording}},
		"that gateway moved it":        {[]recording.Track{{Channel: "SIP/9-9", UniqueID: "9.9", Handle: "0x2", State: recording.Ready}}, []recording.Track{elsewhere}},
		"one goes its own way":         {[]recording.Track{asRecording, ownWay}, []recording.Track{asRecording, ownWay}},
		"the other one is the best of": {[]recording.Track{ownWay, {State: recording.Ready}}, []recording.Track{ownWay, asRecording}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, recording.StoredTracks(rec, tt.kept)); diff != "" {
				t.Errorf("tracks (-want +got):\n%s", diff)
			}
		})
	}
}
