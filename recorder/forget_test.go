package recorder_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"recgate/recorder"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// remembersNothing waits for as long as a service may keep what is over.
func remembersNothing(t *testing.T, of *office) {
	t.Helper()
	time.Sleep(5 * time.Minute) // of the bubble
	synctest.Wait()
	if kept := of.Remembered(); len(kept) > 0 {
		t.Errorf("with no call left the service remembers %v", kept)
	}
}

// TestStartThatIsNotWrittenIsForgotten: whatever a start fails by.
func TestStartThatIsNotWrittenIsForgotten(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		of.store.Break("Add")
		for range 10 {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: "410"})
			refused(t, err, recording.Unavailable, "database")
		}
		if n := of.Figures().Open(); n != 0 {
			t.Errorf("%d recordings count as running", n)
		}
		if kept := of.Remembered(); kept["starts"] > 0 || kept["open"] > 0 {
			t.Errorf("while the database cannot be reached the service remembers %v", kept)
		}
		of.store.Repair()
		of.pbx.Hangup(t, caller)
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
		inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
			caller, _ := of.pbx.Call(t, "410", "411")
			late := recorder.NewService(recording.PBXs{of.pbx.PBX()}, lateStore{of.store}, of.blobs, nil, recorder.Options{Holder: holder})
			_, err := late.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
			refused(t, err, recording.Unavailable, "in time")
			time.Sleep(time.Millisecond) // of the bubble: the next one is newer
			rec := of.start(t, "410", "22")
			rows, err := of.store.ByUniqueID(t.Context(), caller, 10)
			if err != nil || len(rows) != 2 || rows[0].ID != rec.ID || rows[1].State != recording.Failed {
				t.Errorf("%+v, %v; want the new recording, and the start before it failed", rows, err)
			}
			if kept := late.Remembered(); kept["starts"] > 0 {
				t.Errorf("the service remembers %v", kept)
			}
			of.pbx.Hangup(t, caller)
			remembersNothing(t, of)
		})
	}
}

// TestStartThatEndsElsewhereIsForgotten: a start that was too slow for another
// process, which settled it.
func TestStartThatEndsElsewhereIsForgotten(t *testing.T) {
	inOffice(t, recorder.Options{Holder: "one"}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		release := of.pbx.Hold()
		done := make(chan error)
		go func() {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
			done <- err
		}()
		synctest.Wait()
		rows, err := of.store.Open(t.Context(), "pbx1")
		if err != nil || len(rows) != 1 {
			t.Fatalf("%+v, %v; want the row of the start", rows, err)
		}
		if err := of.store.Advance(t.Context(), rows[0].ID, recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "given up"}}); err != nil {
			t.Fatal(err)
		}
		release()
		refused(t, <-done, recording.Unavailable, "too long")
		of.pbx.Hangup(t, caller)
		remembersNothing(t, of)
	})
}

// TestUnseenHangupIsForgotten: of a channel that ended while nobody was
// connected nothing stays but its row.
func TestUnseenHangupIsForgotten(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		for range 3 {
			caller, _ := of.pbx.Call(t, "410", "411")
			of.start(t, "410", "22")
			of.pbx.Pass(time.Second)
			of.pbx.Disconnect()
			of.pbx.HangupUnseen(t, caller)
			of.pbx.Connect()
			synctest.Wait()
		}
		remembersNothing(t, of)
	})
}

// TestOpenCallIsRemembered: however long it lasts, its hangup is heard.
func TestOpenCallIsRemembered(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		time.Sleep(time.Hour + time.Second) // of the bubble: right behind a sweep
		of.pbx.Hangup(t, caller)
		if row := of.state(t, rec.ID); row.State != recording.Ready || row.ChannelEndedAt.IsZero() {
			t.Errorf("row %+v, want it ready by the event alone", row)
		}
		remembersNothing(t, of)
	})
}

// TestCallWithoutItsRecordedChannelIsRemembered: the end of a call is noted
// long after the channel that was recorded left it.
func TestCallWithoutItsRecordedChannelIsRemembered(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		gone := of.pbx.Add(recording.Channel{Name: "SIP/410", Extension: "410", State: recording.Up})
		left := of.pbx.Add(recording.Channel{Name: "SIP/411", Extension: "411", State: recording.Up, LinkedID: gone.LinkedID})
		rec := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		of.pbx.Change(left.UniqueID, func(c *recording.Channel) { c.LinkedID = "elsewhere" })
		of.pbx.HangupUnseen(t, gone.UniqueID)
		of.pbx.Tell(recording.Event{Kind: recording.ChannelHungUp, Channel: gone})
		of.pbx.Change(left.UniqueID, func(c *recording.Channel) { c.LinkedID = gone.LinkedID })
		if row := of.state(t, rec.ID); !row.State.Final() {
			t.Fatalf("row %+v, want it settled", row)
		}
		time.Sleep(time.Hour) // of the bubble
		if kept := of.Remembered(); kept["calls"] != 1 {
			t.Errorf("the service remembers %v, want the call", kept)
		}
		of.pbx.Hangup(t, left.UniqueID)
		remembersNothing(t, of)
	})
}
