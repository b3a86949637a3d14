package recordingtest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/recording"
)

// TestStores is the part of the contract that needs two stores on one empty
// database, as two processes have them, perhaps through different servers of
// a cluster: what one has written the other sees at once, and of two who want
// the same one gets it. open closes both through t.Cleanup.
func TestStores(t *testing.T, open func(t *testing.T) [2]DB) {
	for _, c := range []struct {
		name string
		test func(*testing.T, [2]DB)
	}{
		{"one sees at once what the other wrote", otherSeesAtOnce},
		{"of simultaneous starts of one channel one wins", oneStartWins},
		{"of simultaneous steps one wins", oneStepOfTwoWins},
		{"simultaneous tags are all kept", tagsOfTwo},
		{"recordings of one call join it", callOfTwo},
		{"a lease has one holder", leaseOfTwo},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func channelIsRecordedOnce(t *testing.T, s DB) {
	n := 0
	twin := func() recording.Recording {
		n++
		r := full(n)
		r.UniqueID, r.Tags = "1.1", []string{"twin"}
		return r
	}
	for _, end := range []recording.State{recording.Collecting, recording.Failed, recording.Lost} {
		for _, running := range []bool{false, true} {
			r := add(t, s, twin())
			if running {
				advance(t, s, r.ID, recording.Running)
			}
			wantRefusal(t, "a second start", recording.Conflict, s.Add(t.Context(), twin()))
			if _, err := s.Get(t.Context(), idOf(n)); recording.CodeOf(err) != recording.NotFound {
				t.Errorf("what was refused is there: %v", err)
			}
			elsewhere := twin()
			elsewhere.PBX, elsewhere.Call.PBX = "pbx2", "pbx2"
			add(t, s, elsewhere)
			advance(t, s, r.ID, end)
			advance(t, s, elsewhere.ID, recording.Failed)
		}
	}
	last := add(t, s, twin())
	advance(t, s, last.ID, recording.Running, recording.Collecting)
	back := recording.Step{To: recording.Running, Back: true, Reason: because("the stop was not confirmed"), At: after(60)}
	if err := s.Advance(t.Context(), last.ID, back); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "a start after a stop that failed", recording.Conflict, s.Add(t.Context(), twin()))
}

func moveTakesTheChannel(t *testing.T, s DB) {
	from, to := full(1), recording.Party{Channel: "SIP/415-9", UniqueID: "9.9", Extension: "415"}
	add(t, s, from)
	advance(t, s, from.ID, recording.Running)
	if err := s.Move(t.Context(), from.ID, to, after(71)); err != nil {
		t.Fatal(err)
	}
	onNew, onOld := full(2), full(3)
	onNew.UniqueID, onOld.UniqueID = to.UniqueID, from.UniqueID
	wantRefusal(t, "start on the channel that it moved to", recording.Conflict, s.Add(t.Context(), onNew))
	add(t, s, onOld)
	// One channel cannot have two rows; the recording that moves there goes on all the same.
	advance(t, s, onOld.ID, recording.Running)
	if err := s.Move(t.Context(), onOld.ID, to, after(72)); err != nil {
		t.Errorf("move to a channel that is recorded: %v", err)
	}
	list, err := s.OnChannel(t.Context(), "pbx1", to.UniqueID)
	found(t, "open on the channel", list, err, onOld.ID, from.ID)
	advance(t, s, from.ID, recording.Collecting)
	advance(t, s, onOld.ID, recording.Collecting)
	add(t, s, onNew)
}

// leased demands what an attempt to have a lease says.
func leased(t *testing.T, what string, want, got bool, err error) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("%s: %v, %v; want %v", what, got, err, want)
	}
}

func leaseHasOneHolder(t *testing.T, s DB) {
	ctx := t.Context()
	try := func(name, holder string) (bool, error) { return s.TryLease(ctx, name, holder, time.Hour) }
	renew := func(name, holder string) (bool, error) { return s.Renew(ctx, name, holder, time.Hour) }
	step := func(what string, want bool, do func(name, holder string) (bool, error), name, holder string) {
		t.Helper()
		got, err := do(name, holder)
		leased(t, what, want, got, err)
	}
	step("renew what nobody has", false, renew, "sweep", "one")
	step("the first", true, try, "sweep", "one")
	step("the second", false, try, "sweep", "two")
	step("the first again", true, try, "sweep", "one")
	step("another name", true, try, "Sweep", "two")
	step("renew by the holder", true, renew, "sweep", "one")
	step("renew by another", false, renew, "sweep", "two")
	if err := s.Release(ctx, "sweep", "two"); err != nil {
		t.Error(err)
	}
	step("after a release by another", false, try, "sweep", "two")
	for range 2 {
		if err := s.Release(ctx, "sweep", "one"); err != nil {
			t.Error(err)
		}
	}
	step("renew what was given back", false, renew, "sweep", "one")
	step("after the release", true, try, "sweep", "two")
}

func leaseRunsOut(t *testing.T, s DB) {
	ctx := t.Context()
	got, err := s.TryLease(ctx, "sweep", "one", 50*time.Millisecond)
	leased(t, "the first", true, got, err)
	for deadline := time.Now().Add(10 * time.Second); ; {
		got, err := s.TryLease(ctx, "sweep", "two", time.Hour)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a lease that ran out is not to be had: %v", err)
		}
		if got {
			break
		}
	}
	got, err = s.Renew(ctx, "sweep", "one", time.Hour)
	leased(t, "renew by who was too late", false, got, err)
	got, err = s.TryLease(ctx, "sweep", "one", time.Hour)
	leased(t, "try by who was too late", false, got, err)
	// Late, but nobody came in between: it is still the same lease.
	got, err = s.TryLease(ctx, "job", "one", time.Nanosecond)
	leased(t, "a very short one", true, got, err)
	got, err = s.Renew(ctx, "job", "one", time.Hour)
	leased(t, "renew late", true, got, err)
	got, err = s.TryLease(ctx, "job", "two", time.Hour)
	leased(t, "try after the late renewal", false, got, err)
}

func otherSeesAtOnce(t *testing.T, s [2]DB) {
	for n := range 200 {
		writer, reader := s[n%2], s[1-n%2]
		r := full(n + 1)
		add(t, writer, r)
		equal(t, "added by the other", r, get(t, reader, r.ID))
		advance(t, reader, r.ID, recording.Running)
		list, err := writer.OnChannel(t.Context(), r.PBX, r.UniqueID)
		if err != nil || len(list) != 1 || list[0].State != recording.Running {
			t.Fatalf("advanced by the other: %+v, %v", list, err)
		}
	}
}

// both calls do n times through each of two stores at once, and returns what
// the calls said.
func both(t *testing.T, s [2]DB, n int, do func(s DB, i int) error) []error {
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = do(s[i%2], i) })
	}
	await.Return(t, "all writers to return", wg.Wait)
	return errs
}

// oneWon demands that one of several got through and the others were refused.
func oneWon(t *testing.T, errs []error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantRefusal(t, "one that lost", recording.Conflict, err)
		}
	}
	if won != 1 {
		t.Errorf("%d got through, want one", won)
	}
}

func oneStartWins(t *testing.T, s [2]DB) {
	for round := range 10 {
		unique := fmt.Sprintf("7.%d", round)
		oneWon(t, both(t, s, 4, func(s DB, i int) error {
			r := full(round*10 + i + 1)
			r.UniqueID, r.Call.LinkedID = unique, unique
			return s.Add(t.Context(), r)
		}))
		for _, one := range s {
			list, err := one.OnChannel(t.Context(), "pbx1", unique)
			if err != nil || len(list) != 1 {
				t.Errorf("%d recordings of the channel, %v; want one", len(list), err)
			}
		}
	}
}

func oneStepOfTwoWins(t *testing.T, s [2]DB) {
	for n := range 10 {
		r := add(t, s[0], unset(n+1))
		oneWon(t, both(t, s, 4, func(s DB, i int) error {
			return s.Advance(t.Context(), r.ID, recording.Step{To: recording.Running, Reason: because("mine"), At: after(i)})
		}))
		past, err := s[1].History(t.Context(), r.ID)
		if err != nil || len(past) != 2 {
			t.Errorf("history %v, %v; want one step", past, err)
		}
	}
}

func tagsOfTwo(t *testing.T, s [2]DB) {
	r := add(t, s[0], unset(1))
	for _, err := range both(t, s, 8, func(s DB, i int) error {
		return s.AddTag(t.Context(), r.ID, fmt.Sprintf("tag-%d", i), "192.0.2.7", after(i))
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if got := get(t, s[1], r.ID).Tags; len(got) != 16 {
		t.Errorf("tags %s, want all sixteen", strings.Join(got, " "))
	}
}

func callOfTwo(t *testing.T, s [2]DB) {
	for _, err := range both(t, s, 8, func(s DB, i int) error {
		r := full(i + 1)
		r.Call.LinkedID, r.Tags = "1.1", []string{"all"}
		return s.Add(t.Context(), r)
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	list, err := s[1].ByTag(t.Context(), "all", 100)
	if err != nil || len(list) != 16 {
		t.Fatalf("%d recordings, %v; want sixteen", len(list), err)
	}
	id := get(t, s[1], list[0].ID).Call.ID
	for _, c := range list {
		r := get(t, s[1], c.ID)
		if r.Call.ID != id || len(r.Call.Parties) != 32 {
			t.Errorf("call %s with %d parties, want one with 32", r.Call.ID, len(r.Call.Parties))
		}
	}
}

func leaseOfTwo(t *testing.T, s [2]DB) {
	for round := range 10 {
		name := fmt.Sprintf("job %d", round/2) // every second time what had been given back
		var mu sync.Mutex
		var holders []string
		for _, err := range both(t, s, 4, func(s DB, i int) error {
			holder := fmt.Sprintf("holder %d", i)
			got, err := s.TryLease(t.Context(), name, holder, time.Hour)
			mu.Lock()
			defer mu.Unlock()
			if got {
				holders = append(holders, holder)
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if len(holders) != 1 {
			t.Fatalf("%q is held by %q, want one holder", name, holders)
		}
		if err := s[round%2].Release(t.Context(), name, holders[0]); err != nil {
			t.Error(err)
		}
	}
}
