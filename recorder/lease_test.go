package recorder_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/job"
	"recgate/recording"
)

// TestEitherStopsAndServes has one process stop and give back what the other
// one has begun.
func TestEitherStopsAndServes(t *testing.T) {
	office.In(t, office.Options{Holder: "one", DuringCall: true}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(3 * time.Second)
		other := of.Beside(office.Options{Holder: "two", DuringCall: true})
		other.Serve(t)
		if _, err := other.Stop(t.Context(), recording.StopRequest{Target: "411"}); err != nil {
			t.Fatal(err)
		}
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 3*time.Second {
			t.Errorf("stopped by the other: %+v", got)
		}
		for _, s := range []*office.Office{of, other} {
			a, err := s.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
			if err != nil {
				t.Fatal(err)
			}
			office.Read(t, a)
		}
		_, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"})
		office.WantRefusal(t, err, recording.NotFound, "nothing is being recorded")
	})
}

// TestWorkOfTheDeadIsFinished kills a process that holds the leases of all
// work: the other one finishes it within 30 s.
func TestWorkOfTheDeadIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		end := of.Open(t, office.Options{Holder: "one"})
		var all []recording.Recording
		for i := range 3 {
			from := fmt.Sprint(410 + 2*i)
			caller, _ := of.PBX.Call(t, from, fmt.Sprint(411+2*i))
			rec := of.Record(t, from, from)
			rec.UniqueID = caller
			all = append(all, rec)
		}
		of.PBX.Pass(time.Second)
		if _, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"}); err != nil {
			t.Fatal(err)
		}
		end()
		for _, name := range []string{"sweep pbx1", "collect " + string(all[0].ID), "collect " + string(all[1].ID)} {
			if got, err := of.Store.TryLease(t.Context(), name, "one", 12*time.Second); !got || err != nil {
				t.Fatalf("lease of %s: %v, %v", name, got, err)
			}
		}
		of.Open(t, office.Options{Holder: "two"})
		of.PBX.HangupUnseen(t, all[1].UniqueID)
		time.Sleep(30 * time.Second)
		for i, want := range []recording.State{recording.Ready, recording.Ready, recording.Running} {
			if got, err := of.Store.Get(t.Context(), all[i].ID); err != nil || got.State != want {
				t.Errorf("recording %d is %s (%s), %v; want %s", i, got.State, got.Reason, err, want)
			}
		}
	})
}

// generous is a store that gives every lease to everybody.
type generous struct{ job.Leases }

func (generous) TryLease(context.Context, string, string, time.Duration) (bool, error) {
	return true, nil
}

func (generous) Renew(context.Context, string, string, time.Duration) (bool, error) { return true, nil }

// TestTwoAtTheSameWork has two processes at all work at the same time, as when
// one stood still for longer than its leases: nothing is lost.
func TestTwoAtTheSameWork(t *testing.T) {
	office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
		for _, name := range []string{"two", "three"} {
			of.Beside(office.Options{Holder: name, Leases: generous{of.Store}}).Serve(t)
		}
		var all []recording.Recording
		for i := range 40 {
			caller, _ := of.PBX.Call(t, fmt.Sprint(500+2*i), fmt.Sprint(501+2*i))
			rec := of.Record(t, fmt.Sprint(500+2*i), fmt.Sprint(i))
			of.PBX.Pass(time.Second)
			of.PBX.Hangup(t, caller)
			all = append(all, rec)
		}
		time.Sleep(time.Minute)
		for i, rec := range all {
			got, err := of.Store.Get(t.Context(), rec.ID)
			if err != nil || got.State != recording.Ready || got.Duration != time.Second {
				t.Errorf("recording %d: %s (%s), %v long, %v", i, got.State, got.Reason, got.Duration, err)
				continue
			}
			past, err := of.Store.History(t.Context(), rec.ID)
			if err != nil || len(past) != 4 {
				t.Errorf("recording %d: history %v, %v", i, past, err)
			}
			if n := len(of.Fetch(t, fmt.Sprint(i))); int64(n) != got.Bytes {
				t.Errorf("recording %d: %d bytes in the archive, %d in the row", i, n, got.Bytes)
			}
		}
		if n := of.PBX.Records(); n != len(all) {
			t.Errorf("the PBX was asked to record %d times", n)
		}
	})
}

// TestStartThatWasGivenUpElsewhere has the PBX confirm a start when another
// process has settled it already: nothing runs on without a row.
func TestStartThatWasGivenUpElsewhere(t *testing.T) {
	office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		release := of.PBX.Hold()
		failed := make(chan error, 1)
		go func() {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
			failed <- err
		}()
		synctest.Wait()
		open, err := of.Store.OnChannel(t.Context(), "pbx1", caller)
		if err != nil || len(open) != 1 {
			t.Fatalf("open: %v, %v", open, err)
		}
		if err := of.Store.Advance(t.Context(), open[0].ID, recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "given up"}, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		release()
		office.WantRefusal(t, <-failed, recording.Unavailable, "try again")
		if stops := of.PBX.Stops(); len(stops) != 1 || stops[0] != open[0].ID {
			t.Errorf("stopped %v, want the one without a row", stops)
		}
		if got := of.Record(t, "410", "22"); got.State != recording.Running {
			t.Errorf("the next try: %+v", got)
		}
	})
}

// TestChannelThatIsNotSeenYet has a row that another process wrote come before
// the events of its channel.
func TestChannelThatIsNotSeenYet(t *testing.T) {
	office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec, err := of.Beside(office.Options{Holder: "two"}).Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		if err != nil {
			t.Fatal(err)
		}
		var hidden recording.Channel
		of.PBX.Change(caller, func(c *recording.Channel) { hidden = *c; c.UniqueID = "1.1" })
		of.PBX.Tell(recording.Event{Kind: recording.PBXUp}) // has everything looked at
		time.Sleep(time.Second)
		of.PBX.Change("1.1", func(c *recording.Channel) { *c = hidden })
		time.Sleep(time.Minute)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running {
			t.Errorf("%+v, %v; want it running", got, err)
		}
	})
}
