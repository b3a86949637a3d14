package recorder_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// remembered returns how much a process keeps in memory of single recordings and
// channels; with nothing open it must become 0.
func remembered(of *office.Office) map[string]int {
	f := of.Book.Figures()
	kept := map[string]int{}
	for what, n := range map[string]int{
		"starts": f.Starts, "channels": f.Channels, "calls": f.Calls, "open": f.Entries, "locks": of.Locked(),
	} {
		if n > 0 {
			kept[what] = n
		}
	}
	return kept
}

// remembersNothing waits for as long as a service may keep what is over.
func remembersNothing(t *testing.T, of *office.Office) {
	t.Helper()
	time.Sleep(5 * time.Minute) // of the bubble
	synctest.Wait()
	if kept := remembered(of); len(kept) > 0 {
		t.Errorf("with no call left the service remembers %v", kept)
	}
}

// TestStartThatIsNotWrittenIsForgotten: whatever a start fails by.
func TestStartThatIsNotWrittenIsForgotten(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.Store.Break("Add")
		for range 10 {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: "410"})
			office.WantRefusal(t, err, recording.Unavailable, "database")
		}
		if n := of.Book.Figures().Open(); n != 0 {
			t.Errorf("%d recordings count as running", n)
		}
		if kept := remembered(of); kept["starts"] > 0 || kept["open"] > 0 {
			t.Errorf("while the database cannot be reached the service remembers %v", kept)
		}
		of.Store.Repair()
		of.PBX.Hangup(t, caller)
		remembersNothing(t, of)
	})
}

// lateStore commits what it is asked to add, and says that it is away.
type lateStore struct{ *recordingtest.Store }

func (s lateStore) Add(ctx context.Context, r recording.Recording) error {
	if err := s.Store.Add(ctx, r); err != nil {
		return err
	}
	return recording.Errorf(recording.Unavailable, "the database did not answer in time")
}

// TestStartThatIsWrittenAllTheSame: nobody heard of the commit; the row is
// settled as what it is, a start that never was.
func TestStartThatIsWrittenAllTheSame(t *testing.T) {
	for _, holder := range []string{"", "one"} {
		office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
			caller, _ := of.PBX.Call(t, "410", "411")
			late := of.Beside(office.Options{Holder: holder, Writer: lateStore{of.Store}})
			_, err := late.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
			office.WantRefusal(t, err, recording.Unavailable, "in time")
			time.Sleep(time.Millisecond) // of the bubble: the next one is newer
			rec := of.Record(t, "410", "22")
			rows, err := of.Store.ByUniqueID(t.Context(), caller, 10)
			if err != nil || len(rows) != 2 || rows[0].ID != rec.ID || rows[1].State != recording.Failed {
				t.Errorf("%+v, %v; want the new recording, and the start before it failed", rows, err)
			}
			if kept := remembered(late); kept["starts"] > 0 {
				t.Errorf("the service remembers %v", kept)
			}
			of.PBX.Hangup(t, caller)
			remembersNothing(t, of)
		})
	}
}

// TestStartThatEndsElsewhereIsForgotten: a start that was too slow for another
// process, which settled it.
func TestStartThatEndsElsewhereIsForgotten(t *testing.T) {
	office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		release := of.PBX.Hold()
		done := make(chan error)
		go func() {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
			done <- err
		}()
		synctest.Wait()
		rows, err := of.Store.Open(t.Context(), "pbx1")
		if err != nil || len(rows) != 1 {
			t.Fatalf("%+v, %v; want the row of the start", rows, err)
		}
		if err := of.Store.Advance(t.Context(), rows[0].ID, recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "given up"}}); err != nil {
			t.Fatal(err)
		}
		release()
		office.WantRefusal(t, <-done, recording.Unavailable, "too long")
		of.PBX.Hangup(t, caller)
		remembersNothing(t, of)
	})
}

// TestUnseenHangupIsForgotten: of a channel that ended while nobody was
// connected nothing stays but its row.
func TestUnseenHangupIsForgotten(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		for range 3 {
			caller, _ := of.PBX.Call(t, "410", "411")
			of.Record(t, "410", "22")
			of.PBX.Pass(time.Second)
			of.PBX.Disconnect()
			of.PBX.HangupUnseen(t, caller)
			of.PBX.Connect()
			synctest.Wait()
		}
		remembersNothing(t, of)
	})
}

// TestOpenCallIsRemembered: however long it lasts, its hangup is heard.
func TestOpenCallIsRemembered(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		time.Sleep(time.Hour + time.Second) // of the bubble: right behind a sweep
		of.PBX.Hangup(t, caller)
		if row := of.AwaitSettled(t, rec.ID); row.State != recording.Ready || row.ChannelEndedAt.IsZero() {
			t.Errorf("row %+v, want it ready by the event alone", row)
		}
		remembersNothing(t, of)
	})
}

// TestCallWithoutItsRecordedChannelIsRemembered: the end of a call is noted
// long after the channel that was recorded left it.
func TestCallWithoutItsRecordedChannelIsRemembered(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		gone := of.PBX.Add(recording.Channel{Name: "SIP/410", Extension: "410", State: recording.Up})
		left := of.PBX.Add(recording.Channel{Name: "SIP/411", Extension: "411", State: recording.Up, LinkedID: gone.LinkedID})
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.PBX.Change(left.UniqueID, func(c *recording.Channel) { c.LinkedID = "elsewhere" })
		of.PBX.HangupUnseen(t, gone.UniqueID)
		of.PBX.Tell(recording.Event{Kind: recording.ChannelHungUp, Channel: gone})
		of.PBX.Change(left.UniqueID, func(c *recording.Channel) { c.LinkedID = gone.LinkedID })
		if row := of.AwaitSettled(t, rec.ID); !row.State.Final() {
			t.Fatalf("row %+v, want it settled", row)
		}
		time.Sleep(time.Hour) // of the bubble
		if kept := remembered(of); kept["calls"] != 1 {
			t.Errorf("the service remembers %v, want the call", kept)
		}
		of.PBX.Hangup(t, left.UniqueID)
		remembersNothing(t, of)
	})
}
