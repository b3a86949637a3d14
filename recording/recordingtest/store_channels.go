package recordingtest

import (
	"testing"
	"time"

	"recgate/recording"
)

func recordingsJoinOpenCall(t *testing.T, s DB) {
	first := add(t, s, full(1))
	second := full(2)
	second.Call.LinkedID = first.Call.LinkedID
	second.Call.Parties = []recording.Party{first.Call.Parties[1], {Channel: "SIP/412-3", UniqueID: "9.3", Extension: "412"}}
	second.Call.StartedAt, second.Call.AnsweredAt = after(-60), after(60)
	add(t, s, second)

	want := first.Call
	want.StartedAt = after(-60) // creation of the first channel that is known
	want.Parties = append(want.Parties, second.Call.Parties[1])
	equal(t, "call of the first", want, get(t, s, first.ID).Call)
	equal(t, "call of the second", want, get(t, s, second.ID).Call)
	_, err := s.ByUniqueID(t.Context(), "9.3", 10)
	if err != nil {
		t.Fatal(err)
	}
}

func endedCallIsLeftAlone(t *testing.T, s DB) {
	first := add(t, s, full(1))
	note(t, s, recording.ChannelNote{PBX: "pbx1", LinkedID: first.Call.LinkedID, Party: first.Call.Parties[0], EndedAt: after(9), CallEnded: true})
	ended := get(t, s, first.ID)

	second := full(2) // the ids came round again after a restart of the PBX
	second.Call.LinkedID = first.Call.LinkedID
	add(t, s, second)
	equal(t, "second", second, get(t, s, second.ID))
	equal(t, "first", ended, get(t, s, first.ID))

	// A call that is known to have ended when it is added is joined by none.
	over := full(3)
	over.Call.EndedAt = after(8)
	add(t, s, over)
	next := full(4)
	next.Call.LinkedID = over.Call.LinkedID
	add(t, s, next)
	equal(t, "added over", over, get(t, s, over.ID))
	equal(t, "added next", next, get(t, s, next.ID))
}

func otherCallsDoNotJoin(t *testing.T, s DB) {
	first := add(t, s, full(1))
	onOther := full(2)
	onOther.PBX, onOther.Call.PBX, onOther.Call.LinkedID = "pbx2", "pbx2", first.Call.LinkedID
	similar := full(3)
	similar.Call.LinkedID = first.Call.LinkedID + " "
	// A PBX that says no linked id does not make one call of all calls.
	none, noneToo := full(4), full(5)
	none.Call.LinkedID, noneToo.Call.LinkedID = "", ""
	all := []recording.Recording{onOther, similar, none, noneToo}
	for _, r := range all {
		add(t, s, r)
	}
	note(t, s, recording.ChannelNote{PBX: "pbx1", Party: recording.Party{UniqueID: "9.9"}, EndedAt: after(9), CallEnded: true})
	for _, r := range append(all, first) {
		equal(t, "recording", r, get(t, s, r.ID))
	}
}

func partyIsKeptOnce(t *testing.T, s DB) {
	r := full(1)
	r.Call.Parties = []recording.Party{
		{Channel: "SIP/410-1", UniqueID: "1.1"},
		{Channel: "SIP/411-2", UniqueID: "1.2", Extension: "411", CallerID: "0311112222"},
		{Channel: "SIP/410-1", UniqueID: "1.1", Extension: "410"},
	}
	add(t, s, r)
	// What was not known is filled in, what is known stays.
	note(t, s, recording.ChannelNote{PBX: "pbx1", LinkedID: r.Call.LinkedID, Party: recording.Party{UniqueID: "1.1", CallerID: "410"}})
	note(t, s, recording.ChannelNote{PBX: "pbx1", LinkedID: r.Call.LinkedID, Party: recording.Party{UniqueID: "1.2", Channel: "x", Extension: "9", CallerID: "9"}})
	want := []recording.Party{{Channel: "SIP/410-1", UniqueID: "1.1", Extension: "410", CallerID: "410"}, r.Call.Parties[1]}
	equal(t, "parties", want, get(t, s, r.ID).Call.Parties)
}

func move(t *testing.T, s DB) {
	want := full(1)
	want.ChannelEndedAt = time.Time{}
	add(t, s, want)
	other := add(t, s, full(2))
	advance(t, s, want.ID, recording.Running)
	// The channel that was picked up is gone before the move is known.
	note(t, s, recording.ChannelNote{PBX: "pbx1", LinkedID: want.Call.LinkedID, Party: want.Call.Parties[0], EndedAt: after(70)})
	to := recording.Party{Channel: "SIP/415-9", UniqueID: "9.9", Extension: "415", CallerID: "415"}
	if err := s.Move(t.Context(), want.ID, to, after(71)); err != nil {
		t.Fatal(err)
	}
	want.State, want.Reason = recording.Running, because("because of recording")
	want.Channel, want.UniqueID, want.Extension = to.Channel, to.UniqueID, to.Extension
	want.Tracks = following(want, want.Tracks...)
	want.Call.Parties = append(want.Call.Parties, to)
	equal(t, "moved, and in progress on the new channel", want, get(t, s, want.ID))
	equal(t, "another recording", other, get(t, s, other.ID))
	if err := s.Move(t.Context(), want.ID, to, after(72)); err != nil { // another program saw it, too
		t.Errorf("move again: %v", err)
	}

	list, err := s.OnChannel(t.Context(), "pbx1", "9.9")
	found(t, "open on the new channel", list, err, want.ID)
	old, err := s.ByUniqueID(t.Context(), "1700000000.1", 9)
	found(t, "by the id of the old channel", old, err, want.ID)
	past, err := s.History(t.Context(), want.ID)
	if err != nil || len(past) != 3 || past[2].To != recording.Running || !past[2].At.Equal(after(71)) {
		t.Errorf("history %v, %v: want the move as its third line", past, err)
	}
}

func moveNeedsRunning(t *testing.T, s DB) {
	for n, states := range [][]recording.State{
		{}, {recording.Collecting}, {recording.Collecting, recording.Ready}, {recording.Failed},
	} {
		r := add(t, s, full(n+1))
		advance(t, s, r.ID, states...)
		before := get(t, s, r.ID)
		err := s.Move(t.Context(), r.ID, recording.Party{Channel: "SIP/415-9", UniqueID: "9.9"}, after(71))
		wantRefusal(t, "move of "+string(before.State), recording.Conflict, err)
		equal(t, "recording", before, get(t, s, r.ID))
	}
}

// unanswered returns the n-th recording, of a channel of which nothing is known.
func unanswered(n int) recording.Recording {
	r := full(n)
	r.AnsweredAt, r.ChannelEndedAt = time.Time{}, time.Time{}
	r.Call.AnsweredAt = time.Time{}
	return r
}

func answeredAndEnded(t *testing.T, s DB) {
	r := addStopped(t, s, unanswered(1))
	twin := unanswered(2) // a second recording of the same channel
	twin.UniqueID, twin.Call = r.UniqueID, r.Call
	twin.Tracks = following(twin, twin.Tracks...)
	add(t, s, twin)
	other := add(t, s, unanswered(3))

	n := recording.ChannelNote{PBX: "pbx1", LinkedID: r.Call.LinkedID, Party: r.Call.Parties[0]}
	note(t, s, n) // a change of nothing
	equal(t, "recording", r, get(t, s, r.ID))

	n.AnsweredAt = after(20)
	note(t, s, n)
	r.AnsweredAt, twin.AnsweredAt, r.Call.AnsweredAt, twin.Call.AnsweredAt = after(20), after(20), after(20), after(20)
	equal(t, "answered", r, get(t, s, r.ID))

	n.AnsweredAt, n.EndedAt = time.Time{}, after(30)
	note(t, s, n)
	r.ChannelEndedAt, twin.ChannelEndedAt = after(30), after(30)
	equal(t, "ended", r, get(t, s, r.ID))
	equal(t, "its twin", twin, get(t, s, twin.ID))
	equal(t, "another channel", other, get(t, s, other.ID))
}

func knownStays(t *testing.T, s DB) {
	r := add(t, s, full(1))
	note(t, s, recording.ChannelNote{
		PBX: "pbx1", LinkedID: r.Call.LinkedID, Party: r.Call.Parties[0],
		AnsweredAt: after(200), EndedAt: after(300),
	})
	equal(t, "recording", r, get(t, s, r.ID))
}

func otherPBXIsLeftAlone(t *testing.T, s DB) {
	r := add(t, s, unanswered(1))
	note(t, s, recording.ChannelNote{
		PBX: "pbx2", LinkedID: r.Call.LinkedID, Party: recording.Party{UniqueID: r.UniqueID, Channel: "x"},
		AnsweredAt: after(20), EndedAt: after(30), CallEnded: true,
	})
	equal(t, "recording", r, get(t, s, r.ID))
}

func eventAddsParty(t *testing.T, s DB) {
	r := add(t, s, unanswered(1))
	late := recording.Party{Channel: "SIP/419-7", UniqueID: "7.7", Extension: "419", CallerID: "0400000000"}
	note(t, s, recording.ChannelNote{PBX: "pbx1", LinkedID: r.Call.LinkedID, Party: late, AnsweredAt: after(5)})
	r.Call.Parties = append(r.Call.Parties, late)
	r.Call.AnsweredAt = after(5)
	equal(t, "recording", r, get(t, s, r.ID))
	list, err := s.ByUniqueID(t.Context(), "7.7", 10)
	found(t, "by the party's unique id", list, err, r.ID)
}

func lastChannelEndsCall(t *testing.T, s DB) {
	r := add(t, s, unanswered(1))
	n := recording.ChannelNote{PBX: "pbx1", LinkedID: r.Call.LinkedID, Party: r.Call.Parties[1], EndedAt: after(30)}
	note(t, s, n)
	equal(t, "after the first", r, get(t, s, r.ID))

	n.Party, n.EndedAt, n.CallEnded = r.Call.Parties[0], after(31), true
	note(t, s, n)
	r.ChannelEndedAt, r.Call.EndedAt = after(31), after(31)
	equal(t, "after the last", r, get(t, s, r.ID))

	n.Party = recording.Party{UniqueID: "8.8", Channel: "late"} // too late for the call
	note(t, s, n)
	equal(t, "after the end", r, get(t, s, r.ID))
}

func unknownChannel(t *testing.T, s DB) {
	r := add(t, s, unanswered(1))
	note(t, s, recording.ChannelNote{
		PBX: "pbx1", LinkedID: "5.5", Party: recording.Party{UniqueID: "5.5"},
		AnsweredAt: after(20), EndedAt: after(30), CallEnded: true,
	})
	equal(t, "recording", r, get(t, s, r.ID))
}
