package recordingtest

import (
	"slices"
	"testing"

	"recgate/recording"
)

// following returns tracks that say of themselves what their recording says.
func following(r recording.Recording, tracks ...recording.Track) []recording.Track {
	tracks = slices.Clone(tracks)
	for i := range tracks {
		t := &tracks[i]
		t.Channel, t.UniqueID, t.Recorder, t.Handle = r.Channel, r.UniqueID, r.Recorder, r.Handle
		t.State, t.StoppedAt, t.Bytes = r.State, r.StoppedAt, r.Bytes
	}
	return tracks
}

// makeStep makes a step that must be allowed, and returns the recording as it
// is then.
func makeStep(t *testing.T, s DB, id recording.ID, step recording.Step) recording.Recording {
	t.Helper()
	step.Reason, step.At = because("because of "+string(step.To)), after(100)
	if err := s.Advance(t.Context(), id, step); err != nil {
		t.Fatal(err)
	}
	return get(t, s, id)
}

func stepReplacesTracks(t *testing.T, s DB) {
	r := add(t, s, full(1))
	other := add(t, s, full(2))
	tracks := []recording.Track{{File: "z.wav", Voice: recording.Heard}, {File: "a.wav", Voice: recording.Spoken}, {File: "m.wav", Voice: recording.Mixed}}
	got := makeStep(t, s, r.ID, recording.Step{To: recording.Running, Tracks: tracks})
	equal(t, "tracks, in their order", following(got, tracks...), got.Tracks)
	got = makeStep(t, s, r.ID, recording.Step{To: recording.Collecting, Tracks: []recording.Track{}})
	equal(t, "tracks replaced by none", nil, got.Tracks)
	equal(t, "state without tracks", recording.Collecting, got.State)
	equal(t, "tracks of another recording", other, get(t, s, other.ID))
}

// tracksMakeSteps takes a recording through its life: its tracks are begun by
// the step to Running, and are where it is from then on, also on the way back.
func tracksMakeSteps(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	r.Recorder, r.Handle = "mixmonitor", "0x1"
	track := recording.Track{File: "a.wav", Voice: recording.Mixed, Party: "mixed", StartedAt: after(1)}
	for _, step := range []recording.Step{
		{To: recording.Running, Recorder: r.Recorder, Handle: r.Handle, StartedAt: after(1), Tracks: []recording.Track{track}},
		{To: recording.Collecting, StoppedAt: after(2)},
		{To: recording.Running, Back: true},
		{To: recording.Collecting, StoppedAt: after(3)},
		{To: recording.Ready, Bytes: 44, Key: "k.wav"},
		{To: recording.Collecting, Back: true},
		{To: recording.Lost},
	} {
		got := makeStep(t, s, r.ID, step)
		r.State = step.To
		if !step.StoppedAt.IsZero() {
			r.StoppedAt = step.StoppedAt
		}
		r.Bytes = max(r.Bytes, step.Bytes)
		equal(t, "state "+string(step.To), step.To, got.State)
		equal(t, "tracks when "+string(step.To), following(r, track), got.Tracks)
	}
	list, err := s.Unfinished(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("unfinished: %v, %v", list, err)
	}
	equal(t, "tracks in a list", following(r, track), list[0].Tracks)
}

func tracksKeepTheirOwn(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	tracks := []recording.Track{
		{File: "a.wav", Channel: "SIP/411-2", UniqueID: "2.2", Recorder: "monitor", Handle: "0x2", State: recording.Lost, StoppedAt: after(7), Bytes: 7},
		{File: "b.wav"},
	}
	got := makeStep(t, s, r.ID, recording.Step{To: recording.Running, Tracks: tracks})
	want := slices.Clone(tracks)
	want[0].State = recording.Running // a track of a step makes the step
	want[1] = following(got, tracks[1])[0]
	equal(t, "tracks", want, got.Tracks)
	want[0].State, want[1].State = recording.Collecting, recording.Collecting
	equal(t, "tracks after a step", want, makeStep(t, s, r.ID, recording.Step{To: recording.Collecting}).Tracks)
}

func moveTakesTracks(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	tracks := []recording.Track{{File: "a.wav", Channel: "SIP/411-2", UniqueID: "2.2"}, {File: "b.wav"}}
	want := makeStep(t, s, r.ID, recording.Step{To: recording.Running, Tracks: tracks}).Tracks
	if err := s.Move(t.Context(), r.ID, recording.Party{Channel: "SIP/412-3", UniqueID: "3.3", Extension: "412"}, after(9)); err != nil {
		t.Fatal(err)
	}
	want[1].Channel, want[1].UniqueID = "SIP/412-3", "3.3"
	equal(t, "tracks", want, get(t, s, r.ID).Tracks)
}
