package recordingtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"recgate/recording"
)

// TestStore is the contract of a database as code: every sentence of the ports in
// DB is a case here. open returns an empty store of the test's own, and
// closes it through t.Cleanup. A store that also reads its access log back,
// by a method Accesses as that of Store in this package, has the log compared
// with what was written.
func TestStore(t *testing.T, open func(t *testing.T) DB) {
	for _, c := range storeCases {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// storeCases are the sentences of the contract.
var storeCases = []struct {
	name string
	test func(*testing.T, DB)
}{
	{"every field comes back", everyFieldComesBack},
	{"a bare recording comes back", bareRecordingComesBack},
	{"times are UTC and whole milliseconds", timesAreUTC},
	{"an id is taken once", idIsTakenOnce},
	{"an unknown id is not found", unknownIDIsNotFound},
	{"recordings of an open call join it", recordingsJoinOpenCall},
	{"a call that has ended is joined no more", endedCallIsLeftAlone},
	{"only the same PBX and linked id join", otherCallsDoNotJoin},
	{"a party is kept once", partyIsKeptOnce},
	{"steps allowed and forbidden", stepsAllowedAndForbidden},
	{"steps back", stepsBack},
	{"a step back takes the channel again", stepBackTakesTheChannel},
	{"reasons come back whole", reasonsComeBack},
	{"what was said is in the history alone", saidIsInTheHistory},
	{"what was said can be shown", saidIsKeptFitToShow},
	{"a tag is in the history", tagIsInTheHistory},
	{"a step writes what became known", stepWritesWhatBecameKnown},
	{"zero fields of a step leave the row", zeroFieldsLeave},
	{"a step replaces tracks", stepReplacesTracks},
	{"tracks make the steps of their recording", tracksMakeSteps},
	{"what a track says of itself stays", tracksKeepTheirOwn},
	{"a move takes the tracks of the channel along", moveTakesTracks},
	{"history tells every step", historyTellsEveryStep},
	{"of simultaneous steps one wins", oneStepWins},
	{"flags are set both", flagsAreSet},
	{"move", move},
	{"move needs a running recording", moveNeedsRunning},
	{"tags are found as sent", tagsAreFoundAsSent},
	{"similar tags are different", similarTagsAreDifferent},
	{"the newest tag is last", newestTagIsLast},
	{"a tag is carried once", tagIsCarriedOnce},
	{"simultaneous tags are all kept", simultaneousTags},
	{"answered and ended", answeredAndEnded},
	{"what is known of a channel stays", knownStays},
	{"channels of other PBXs are left alone", otherPBXIsLeftAlone},
	{"a channel event adds the party", eventAddsParty},
	{"the last channel ends the call", lastChannelEndsCall},
	{"an event of an unknown channel changes nothing", unknownChannel},
	{"lists are newest first", listsAreNewestFirst},
	{"lists hold whole recordings", listsAreWhole},
	{"candidates hold what is judged", candidates},
	{"limits", limits},
	{"by unique id own channel before party", byUniqueID},
	{"open recordings", openRecordings},
	{"unfinished recordings of all PBXs", unfinished},
	{"the accesses of one recording", accessesOf},
	{"sums", sums},
	{"entries of a period", entries},
	{"the access log keeps what was sent", accessLog},
	{"the access log takes hostile text", hostileAccessLog},
	{"simultaneous adds", simultaneousAdds},
	{"a channel is recorded once at a time", channelIsRecordedOnce},
	{"a moved recording takes its channel along", moveTakesTheChannel},
	{"a lease has one holder", leaseHasOneHolder},
	{"a lease that ran out can be taken", leaseRunsOut},
	{"an ended context writes nothing", endedContext},
	{"text of the PBX comes back byte for byte", pbxText},
	{"text that is too long is kept in part", longText},
}

// base is when the recordings of the suite were asked for.
var base = time.Date(2026, 3, 4, 5, 6, 7, 8_000_000, time.UTC)

// after returns base and some seconds.
func after(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }

// idOf returns the n-th id; ids of higher numbers are newer.
func idOf(n int) recording.ID {
	return recording.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012x", n))
}

// unset returns the smallest recording that a start can make: the n-th, on
// its own channel and in its own call.
func unset(n int) recording.Recording {
	unique := fmt.Sprintf("1700000000.%d", n)
	return recording.Recording{
		ID: idOf(n), State: recording.Starting, PBX: "pbx1", UniqueID: unique, AskedAt: after(n),
		Call: recording.Call{ID: fmt.Sprintf("call-%d", n), PBX: "pbx1", LinkedID: unique},
	}
}

// full returns the n-th recording with every field set.
func full(n int) recording.Recording {
	r := unset(n)
	r.Reason = recording.Reason{Code: recording.ReasonAsked}
	r.Tags = []string{fmt.Sprintf("older-%d", n), fmt.Sprintf("newer-%d", n)}
	r.Channel, r.Extension = fmt.Sprintf("SIP/410-%08x", n), "410"
	r.Recorder, r.Handle, r.AskedBy = "monitor", "0x7f00c0de", "192.0.2.7"
	r.Private, r.Deleted = true, true
	r.StartedAt, r.AnsweredAt = after(n+1), after(n+2)
	r.StoppedAt, r.ChannelEndedAt = after(n+3), after(n+4)
	r.Duration, r.Bytes = 61*time.Second+5*time.Millisecond, 1<<33
	r.SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	r.Key, r.SourceKey = r.ID.Hex()+".wav", r.ID.Hex()+"-source.wav"
	r.Tracks = []recording.Track{
		{File: r.ID.Hex() + "-in.wav", Voice: recording.Spoken, Party: "410", StartedAt: after(n + 1)},
		{File: r.ID.Hex() + "-out.wav", Voice: recording.Heard, Party: "411", StartedAt: after(n + 2)},
	}
	r.Tracks = following(r, r.Tracks...)
	r.Call.StartedAt, r.Call.AnsweredAt = after(n-5), after(n-4)
	r.Call.Parties = []recording.Party{
		{Channel: r.Channel, UniqueID: r.UniqueID, Extension: "410", CallerID: "0398765432"},
		{Channel: "SIP/411-2", UniqueID: fmt.Sprintf("1800000000.%d", n), Extension: "411", CallerID: ""},
	}
	return r
}

// add writes a recording that must be accepted.
func add(t *testing.T, s DB, r recording.Recording) recording.Recording {
	t.Helper()
	if err := s.Add(t.Context(), r); err != nil {
		t.Fatalf("add %s: %v", r.ID, err)
	}
	return r
}

// addStopped writes a recording that has ended, so that its channel can be
// recorded again, and returns it as it is then.
func addStopped(t *testing.T, s DB, r recording.Recording) recording.Recording {
	t.Helper()
	add(t, s, r)
	advance(t, s, r.ID, recording.Collecting)
	r.State, r.Reason = recording.Collecting, because("because of collecting")
	r.Tracks = following(r, r.Tracks...)
	return r
}

// advance makes a step that must be allowed.
func advance(t *testing.T, s DB, id recording.ID, to ...recording.State) {
	t.Helper()
	for _, state := range to {
		step := recording.Step{To: state, Reason: because("because of " + string(state)), At: after(100)}
		if err := s.Advance(t.Context(), id, step); err != nil {
			t.Fatalf("advance %s to %s: %v", id, state, err)
		}
	}
}

// get reads a recording that must be there.
func get(t *testing.T, s DB, id recording.ID) recording.Recording {
	t.Helper()
	r, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("get %s: %v", id, err)
	}
	return r
}

// note writes a channel event that must be accepted.
func note(t *testing.T, s DB, n recording.ChannelNote) {
	t.Helper()
	if err := s.ChannelEvent(t.Context(), n); err != nil {
		t.Fatalf("channel event of %s: %v", n.Party.UniqueID, err)
	}
}

// equal compares two values; nil and empty slices are the same.
func equal[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantRefusal demands an error of this code.
func wantRefusal(t *testing.T, what string, want recording.Code, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want code %d", what, want)
	} else if got := recording.CodeOf(err); got != want {
		t.Errorf("%s: code %d, want %d: %v", what, got, want, err)
	}
}

// found demands that a look-up answers with these recordings, in this order.
func found[R recording.Recording | recording.Candidate](t *testing.T, what string, list []R, err error, want ...recording.ID) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	got := []recording.ID{}
	for _, r := range list {
		switch r := any(r).(type) {
		case recording.Recording:
			got = append(got, r.ID)
		case recording.Candidate:
			got = append(got, r.ID)
		}
	}
	equal(t, what, want, got)
}

// wantTagged demands that exactly these recordings carry the tag.
func wantTagged(t *testing.T, s DB, tag string, want ...recording.ID) {
	t.Helper()
	list, err := s.ByTag(context.WithoutCancel(t.Context()), tag, 100)
	found(t, fmt.Sprintf("by tag %q", tag), list, err, want...)
}
