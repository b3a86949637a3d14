package recorder_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"recgate/audio"
	"recgate/recorder"
	"recgate/recording"
)

// alsoRuns has a second process run beside the office's. Each event of the PBX
// is seen by one of the two.
func alsoRuns(t *testing.T, s *recorder.Service) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// TestEitherStopsAndServes has one process stop and give back what the other
// one has begun.
func TestEitherStopsAndServes(t *testing.T) {
	inOffice(t, recorder.Options{Holder: "one", RetrieveDuringCall: true}, func(t *testing.T, of *office) {
		of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(3 * time.Second)
		other := recorder.NewService(recording.PBXs{of.pbx.PBX(), of.second.PBX()}, of.store, of.blobs, audio.Files{}, recorder.Options{Holder: "two", RetrieveDuringCall: true})
		alsoRuns(t, other)
		if _, err := other.Stop(t.Context(), recording.StopRequest{Target: "411"}); err != nil {
			t.Fatal(err)
		}
		if got := of.state(t, rec.ID); got.State != recording.Ready || got.Duration != 3*time.Second {
			t.Errorf("stopped by the other: %+v", got)
		}
		for _, s := range []*recorder.Service{of.Service, other} {
			a, err := s.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
			if err != nil {
				t.Fatal(err)
			}
			read(t, a)
		}
		_, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"})
		refused(t, err, recording.NotFound, "nothing is being recorded")
	})
}

// TestWorkOfTheDeadIsFinished kills a process that holds the leases of all
// work: the other one finishes it within 30 s.
func TestWorkOfTheDeadIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		end := of.open(t, recorder.Options{Holder: "one"})
		var all []recording.Recording
		for i := range 3 {
			from := fmt.Sprint(410 + 2*i)
			caller, _ := of.pbx.Call(t, from, fmt.Sprint(411+2*i))
			rec := of.start(t, from, from)
			rec.UniqueID = caller
			all = append(all, rec)
		}
		of.pbx.Pass(time.Second)
		if _, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"}); err != nil {
			t.Fatal(err)
		}
		end()
		for _, name := range []string{"sweep pbx1", "collect " + string(all[0].ID), "collect " + string(all[1].ID)} {
			if got, err := of.store.TryLease(t.Context(), name, "one", 12*time.Second); !got || err != nil {
				t.Fatalf("lease of %s: %v, %v", name, got, err)
			}
		}
		of.open(t, recorder.Options{Holder: "two"})
		of.pbx.HangupUnseen(t, all[1].UniqueID)
		time.Sleep(30 * time.Second)
		for i, want := range []recording.State{recording.Ready, recording.Ready, recording.Running} {
			if got, err := of.store.Get(t.Context(), all[i].ID); err != nil || got.State != want {
				t.Errorf("recording %d is %s (%s), %v; want %s", i, got.State, got.Reason, err, want)
			}
		}
	})
}

// generous is a store that gives every lease to everybody.
type generous struct{ recording.Store }

func (generous) TryLease(context.Context, string, string, time.Duration) (bool, error) {
	return true, nil
}

func (generous) Renew(context.Context, string, string, time.Duration) (bool, error) { return true, nil }

// TestTwoAtTheSameWork has two processes at all work at the same time, as when
// one stood still for longer than its leases: nothing is lost.
func TestTwoAtTheSameWork(t *testing.T) {
	inOffice(t, recorder.Options{Holder: "one"}, func(t *testing.T, of *office) {
		for _, name := range []string{"two", "three"} {
			alsoRuns(t, recorder.NewService(recording.PBXs{of.pbx.PBX(), of.second.PBX()}, generous{of.store}, of.blobs, audio.Files{}, recorder.Options{Holder: name}))
		}
		var all []recording.Recording
		for i := range 40 {
			caller, _ := of.pbx.Call(t, fmt.Sprint(500+2*i), fmt.Sprint(501+2*i))
			rec := of.start(t, fmt.Sprint(500+2*i), fmt.Sprint(i))
			of.pbx.Pass(time.Second)
			of.pbx.Hangup(t, caller)
			all = append(all, rec)
		}
		time.Sleep(time.Minute)
		for i, rec := range all {
			got, err := of.store.Get(t.Context(), rec.ID)
			if err != nil || got.State != recording.Ready || got.Duration != time.Second {
				t.Errorf("recording %d: %s (%s), %v long, %v", i, got.State, got.Reason, got.Duration, err)
				continue
			}
			past, err := of.store.History(t.Context(), rec.ID)
			if err != nil || len(past) != 4 {
				t.Errorf("recording %d: history %v, %v", i, past, err)
			}
			if n := len(of.retrieve(t, fmt.Sprint(i))); int64(n) != got.Bytes {
				t.Errorf("recording %d: %d bytes in the archive, %d in the row", i, n, got.Bytes)
			}
		}
		if n := of.pbx.Records(); n != len(all) {
			t.Errorf("the PBX was asked to record %d times", n)
		}
	})
}

// TestStartThatWasGivenUpElsewhere has the PBX confirm a start when another
// process has settled it already: nothing runs on without a row.
func TestStartThatWasGivenUpElsewhere(t *testing.T) {
	inOffice(t, recorder.Options{Holder: "one"}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		release := of.pbx.Hold()
		failed := make(chan error, 1)
		go func() {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
			failed <- err
		}()
		synctest.Wait()
		open, err := of.store.OnChannel(t.Context(), "pbx1", caller)
		if err != nil || len(open) != 1 {
			t.Fatalf("open: %v, %v", open, err)
		}
		if err := of.store.Advance(t.Context(), open[0].ID, recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "given up"}, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		release()
		refused(t, <-failed, recording.Unavailable, "try again")
		if stops := of.pbx.Stops(); len(stops) != 1 || stops[0] != open[0].ID {
			t.Errorf("stopped %v, want the one without a row", stops)
		}
		if got := of.start(t, "410", "22"); got.State != recording.Running {
			t.Errorf("the next try: %+v", got)
		}
	})
}

// TestChannelThatIsNotSeenYet has a row that another process wrote come before
// the events of its channel.
func TestChannelThatIsNotSeenYet(t *testing.T) {
	inOffice(t, recorder.Options{Holder: "one"}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec, err := of.two(of.store).Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		if err != nil {
			t.Fatal(err)
		}
		var hidden recording.Channel
		of.pbx.Change(caller, func(c *recording.Channel) { hidden = *c; c.UniqueID = "1.1" })
		of.pbx.Tell(recording.Event{Kind: recording.PBXUp}) // has everything looked at
		time.Sleep(time.Second)
		of.pbx.Change("1.1", func(c *recording.Channel) { *c = hidden })
		time.Sleep(time.Minute)
		if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running {
			t.Errorf("%+v, %v; want it running", got, err)
		}
	})
}
