package recordingtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/recording"
)

func everyFieldComesBack(t *testing.T, s DB) {
	r := full(1)
	r.State = recording.Ready // Add knows better
	r.Tracks = following(r, r.Tracks...)
	add(t, s, r)
	r = full(1)
	equal(t, "recording", r, get(t, s, r.ID))
}

func bareRecordingComesBack(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	equal(t, "recording", r, get(t, s, r.ID))
}

func timesAreUTC(t *testing.T, s DB) {
	r := full(1)
	want := r
	east := time.FixedZone("east", 11*3600)
	for _, at := range []*time.Time{&r.AskedAt, &r.StartedAt, &r.AnsweredAt, &r.StoppedAt, &r.ChannelEndedAt} {
		*at = at.In(east).Add(999 * time.Microsecond)
	}
	add(t, s, r)
	got := get(t, s, r.ID)
	equal(t, "recording", want, got)
	for _, at := range []time.Time{got.AskedAt, got.StartedAt, got.Call.StartedAt, got.Tracks[0].StartedAt} {
		if at.Location() != time.UTC {
			t.Errorf("time %v is not in UTC", at)
		}
	}
}

func idIsTakenOnce(t *testing.T, s DB) {
	r := add(t, s, full(1))
	again := full(2)
	again.ID = r.ID
	wantRefusal(t, "same id", recording.Conflict, s.Add(t.Context(), again))
	equal(t, "recording", r, get(t, s, r.ID))
	wantTagged(t, s, "newer-2")

	// Nothing of what was refused is left behind: the same call can be added.
	again.ID = idOf(2)
	add(t, s, again)
	equal(t, "second", again, get(t, s, again.ID))
}

func unknownIDIsNotFound(t *testing.T, s DB) {
	ctx, id := t.Context(), idOf(9)
	_, err := s.Get(ctx, id)
	wantRefusal(t, "get", recording.NotFound, err)
	_, err = s.History(ctx, id)
	wantRefusal(t, "history", recording.NotFound, err)
	for _, to := range []recording.State{recording.Starting, recording.Running} {
		wantRefusal(t, "advance", recording.NotFound, s.Advance(ctx, id, recording.Step{To: to, Reason: because("x"), At: base}))
	}
	wantRefusal(t, "add tag", recording.NotFound, s.AddTag(ctx, id, "22", "192.0.2.8", base))
	wantRefusal(t, "set flags", recording.NotFound, s.SetFlags(ctx, id, true, true))
	wantRefusal(t, "move", recording.NotFound, s.Move(ctx, id, recording.Party{UniqueID: "1.1"}, base))
}

func stepsAllowedAndForbidden(t *testing.T, s DB) {
	paths := map[recording.State][]recording.State{
		recording.Starting:   {},
		recording.Running:    {recording.Running},
		recording.Collecting: {recording.Running, recording.Collecting},
		recording.Ready:      {recording.Collecting, recording.Ready},
		recording.Empty:      {recording.Collecting, recording.Empty},
		recording.Failed:     {recording.Failed},
		recording.Lost:       {recording.Lost},
	}
	n := 0
	for _, from := range recording.States() {
		for _, to := range append(recording.States(), "nonsense", "") {
			n++
			r := add(t, s, unset(n))
			advance(t, s, r.ID, paths[from]...)
			before := get(t, s, r.ID)
			err := s.Advance(t.Context(), r.ID, recording.Step{To: to, Reason: because("stepped"), At: base, Handle: "new"})
			after := get(t, s, r.ID)
			if from.May(to) {
				if err != nil || after.State != to || after.Reason.String() != "stepped" || after.Handle != "new" {
					t.Errorf("%s to %q: %v, row %q %q", from, to, err, after.State, after.Reason)
				}
				continue
			}
			wantRefusal(t, string(from)+" to "+string(to), recording.Conflict, err)
			equal(t, "row after a refused step", before, after)
			past, _ := s.History(t.Context(), r.ID)
			if len(past) != len(paths[from])+1 {
				t.Errorf("%s to %q: a refused step is in the history: %v", from, to, past)
			}
		}
	}
}

func stepWritesWhatBecameKnown(t *testing.T, s DB) {
	want := add(t, s, unset(1))
	step := recording.Step{
		To: recording.Collecting, Reason: because("all at once"), At: after(9),
		Recorder: "mixmonitor", Handle: "0x1", StartedAt: after(10), StoppedAt: after(11),
		Tracks:   []recording.Track{{File: "a.wav", Voice: recording.Mixed, Party: "mixed", StartedAt: after(12)}},
		Duration: 1500 * time.Millisecond, Bytes: 24044, SHA256: full(1).SHA256, Key: "k.wav", SourceKey: "s.wav",
	}
	if err := s.Advance(t.Context(), want.ID, step); err != nil {
		t.Fatal(err)
	}
	want.State, want.Reason = step.To, step.Reason
	want.Recorder, want.Handle, want.StartedAt, want.StoppedAt = step.Recorder, step.Handle, step.StartedAt, step.StoppedAt
	want.Duration, want.Bytes = step.Duration, step.Bytes
	want.Tracks = following(want, step.Tracks...)
	want.SHA256, want.Key, want.SourceKey = step.SHA256, step.Key, step.SourceKey
	equal(t, "recording", want, get(t, s, want.ID))
}

func zeroFieldsLeave(t *testing.T, s DB) {
	want := add(t, s, full(1))
	other := add(t, s, full(2))
	advance(t, s, want.ID, recording.Running)
	want.State, want.Reason = recording.Running, because("because of recording")
	want.Tracks = following(want, want.Tracks...)
	equal(t, "recording", want, get(t, s, want.ID))
	equal(t, "another recording", other, get(t, s, other.ID))
}

func historyTellsEveryStep(t *testing.T, s DB) {
	r := add(t, s, full(1))
	add(t, s, full(2))
	want := []recording.Past{{At: r.AskedAt, To: recording.Starting, Reason: r.Reason}}
	for i, to := range []recording.State{recording.Running, recording.Collecting, recording.Ready} {
		// The clock was put back: the order is that of the steps all the same.
		p := recording.Past{At: after(50 - i), To: to, Reason: because("reason " + string(to))}
		if err := s.Advance(t.Context(), r.ID, recording.Step{To: p.To, Reason: p.Reason, At: p.At}); err != nil {
			t.Fatal(err)
		}
		want = append(want, p)
	}
	got, err := s.History(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "history", want, got)
}

func oneStepWins(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.Advance(t.Context(), r.ID, recording.Step{To: recording.Running, Reason: because("mine"), At: after(i)})
		})
	}
	await.Return(t, "all writers to return", wg.Wait)
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantRefusal(t, "a step that lost", recording.Conflict, err)
		}
	}
	past, err := s.History(t.Context(), r.ID)
	if won != 1 || err != nil || len(past) != 2 {
		t.Errorf("%d steps won, history %v, %v; want one", won, past, err)
	}
}

func flagsAreSet(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	other := add(t, s, unset(2))
	for _, f := range [][2]bool{{true, false}, {true, false}, {false, true}, {true, true}, {false, false}} {
		if err := s.SetFlags(t.Context(), r.ID, f[0], f[1]); err != nil {
			t.Fatal(err)
		}
		r.Private, r.Deleted = f[0], f[1]
		equal(t, "recording", r, get(t, s, r.ID))
	}
	equal(t, "another recording", other, get(t, s, other.ID))
}

func simultaneousAdds(t *testing.T, s DB) {
	const n = 24
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r := full(i + 1)
			r.Tags = []string{"all"}
			r.Call.LinkedID = []string{"1.1", "1.2"}[i%2] // two calls, each begun by several at once
			r.ID = idOf(min(i+1, n-1))                    // the last two fight for one id
			errs[i] = s.Add(t.Context(), r)
		})
	}
	await.Return(t, "all writers to return", wg.Wait)
	conflicts := 0
	for _, err := range errs {
		if err != nil {
			wantRefusal(t, "the same id twice", recording.Conflict, err)
			conflicts++
		}
	}
	list, err := s.ByTag(t.Context(), "all", 100)
	if err != nil || conflicts != 1 || len(list) != n-1 {
		t.Fatalf("%d conflicts, %d recordings, %v; want 1, %d", conflicts, len(list), err, n-1)
	}
	calls := map[string]int{}
	for _, c := range list {
		r := get(t, s, c.ID)
		calls[r.Call.ID] = len(r.Call.Parties)
	}
	// Every recording brought two parties of its own.
	total := 0
	for _, parties := range calls {
		total += parties
	}
	if len(calls) != 2 || total != 2*(n-1) {
		t.Errorf("%d calls with %d parties, want 2 with %d", len(calls), total, 2*(n-1))
	}
}

func endedContext(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	before := get(t, s, r.ID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := s.Get(ctx, r.ID)
	_, tagErr := s.ByTag(ctx, "22", 1)
	for what, err := range map[string]error{
		"add":      s.Add(ctx, unset(2)),
		"advance":  s.Advance(ctx, r.ID, recording.Step{To: recording.Running, Reason: because("x"), At: base}),
		"add tag":  s.AddTag(ctx, r.ID, "22", "192.0.2.8", base),
		"flags":    s.SetFlags(ctx, r.ID, true, true),
		"get":      getErr,
		"by tag":   tagErr,
		"log":      s.LogAccess(ctx, recording.Access{At: base}),
		"an event": s.ChannelEvent(ctx, recording.ChannelNote{PBX: r.PBX, Party: recording.Party{UniqueID: r.UniqueID}, EndedAt: base}),
	} {
		wantRefusal(t, what, recording.Unavailable, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the cause is lost: %v", what, err)
		}
	}
	equal(t, "recording", before, get(t, s, r.ID))
	_, err := s.Get(t.Context(), idOf(2))
	wantRefusal(t, "what was added with an ended context", recording.NotFound, err)
}

func pbxText(t *testing.T, s DB) {
	r := full(1)
	r.Call.Parties[0].CallerID = "caf\xe9 \x00\xff\\'\"; DROP" // latin-1 and worse, as old PBXs send it
	r.Call.Parties[1].Channel = "SIP/émile-2"
	r.Reason = because("said \"no\"\n\xfe")
	r.AskedBy = "O'Brien"
	add(t, s, r)
	equal(t, "recording", r, get(t, s, r.ID))
}
