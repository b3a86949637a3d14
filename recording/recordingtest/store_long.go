package recordingtest

import (
	"strings"
	"testing"

	"recgate/recording"
)

// long is a text that begins with head, and what a store keeps of it: not the
// character that is not whole within 1020 bytes.
func long(head string) (text, kept string) {
	text = head + strings.Repeat("é", 30_000)
	kept = head + strings.Repeat("é", (1020-len(head))/2)
	return text, kept
}

// longText: a PBX may say more than fits, and nothing is refused for that. What
// is kept of a text is also what stands for it in comparisons.
func longText(t *testing.T, s DB) {
	name, keptName := long("x")
	linked, keptLinked := long("call-1")
	r, want := full(1), full(1)
	r.Channel, r.Extension, r.AskedBy, r.Tracks[0].Party = name, name, name, name
	want.Channel, want.Extension, want.AskedBy, want.Tracks[0].Party = keptName, keptName, keptName, keptName
	r.Call.LinkedID, want.Call.LinkedID = linked, keptLinked
	r.Reason = because(strings.Repeat("r", 70_000))
	want.Reason = because(strings.Repeat("r", 16_000))
	r.Call.Parties = []recording.Party{{Channel: name, UniqueID: name, Extension: name, CallerID: name}, {UniqueID: name + "2", CallerID: "410"}}
	want.Call.Parties = []recording.Party{{Channel: keptName, UniqueID: keptName, Extension: keptName, CallerID: keptName}}
	add(t, s, r)
	equal(t, "recording", want, get(t, s, r.ID))

	second := full(2)
	second.Call.LinkedID = linked
	add(t, s, second)
	if got := get(t, s, second.ID); got.Call.ID != r.Call.ID {
		t.Errorf("the second recording is in the call %q, want it to join %q", got.Call.ID, r.Call.ID)
	}
	note(t, s, recording.ChannelNote{
		PBX: "pbx1", LinkedID: linked, Party: recording.Party{UniqueID: r.UniqueID, Channel: name}, EndedAt: after(9), CallEnded: true,
	})
	if got := get(t, s, r.ID); got.Call.EndedAt != after(9) {
		t.Errorf("the call has ended at %v, want %v", got.Call.EndedAt, after(9))
	}

	step := recording.Step{To: recording.Running, Reason: because(strings.Repeat("é", 10_000)).With(recording.NoteNoAudio), At: after(10)}
	if err := s.Advance(t.Context(), r.ID, step); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, r.ID).Reason; got != because(strings.Repeat("é", 8_000)).With(recording.NoteNoAudio) {
		t.Errorf("of the reason %d bytes are kept, with notes %d", len(got.Detail), got.Notes)
	}
	to := recording.Party{Channel: "y" + name, UniqueID: "7.7", Extension: name, CallerID: name}
	if err := s.Move(t.Context(), r.ID, to, after(11)); err != nil {
		t.Fatal(err)
	}
	moved := "yx" + strings.Repeat("é", 509)
	if got := get(t, s, r.ID); got.Channel != moved || got.Extension != keptName {
		t.Errorf("moved to the channel %.20q of %d bytes, extension of %d", got.Channel, len(got.Channel), len(got.Extension))
	}
	past, err := s.History(t.Context(), r.ID)
	if last := past[len(past)-1].Reason; err != nil || last != recording.Moved(keptName, moved) {
		t.Errorf("the history ends with %.40q of %d bytes, %v", last, len(last.Detail), err)
	}
}
