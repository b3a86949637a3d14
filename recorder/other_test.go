package recorder_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recorder"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// blind is a store whose first look at a channel is older than what another
// process has just written.
type blind struct {
	recorder.Rows
	looked bool
}

func (b *blind) OnChannel(ctx context.Context, pbx, uniqueID string) ([]recording.Recording, error) {
	if !b.looked {
		b.looked = true
		return nil, nil
	}
	return b.Rows.OnChannel(ctx, pbx, uniqueID)
}

// TestStartsOfTwoProcessesMakeOneRecording lets a second process come while
// the first waits for the PBX: it sees the row, or not yet.
func TestStartsOfTwoProcessesMakeOneRecording(t *testing.T) {
	for name, store := range map[string]func(*recordingtest.Store) recorder.Rows{
		"the row is seen":     func(s *recordingtest.Store) recorder.Rows { return s },
		"the row is not seen": func(s *recordingtest.Store) recorder.Rows { return &blind{Rows: s} },
	} {
		t.Run(name, func(t *testing.T) {
			office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
				caller, _ := of.PBX.Call(t, "410", "411")
				other := of.Beside(office.Options{Holder: "two", Rows: store(of.Store)})
				release := of.PBX.Hold()
				first, second := make(chan recording.Recording, 1), make(chan recording.Recording, 1)
				go func() { first <- of.Record(t, "410", "a") }()
				synctest.Wait()
				go func() {
					rec, err := other.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "b"})
					if err != nil {
						t.Errorf("the second process: %v", err)
					}
					second <- rec
				}()
				synctest.Wait()
				release()
				a, b := <-first, <-second
				if a.ID != b.ID || of.PBX.Records() != 1 {
					t.Errorf("recordings %s and %s, the PBX was asked %d times; want one", a.ID, b.ID, of.PBX.Records())
				}
				rows := of.OnChannel(t, caller)
				if len(rows) != 1 || rows[0].State != recording.Running || !slices.Equal(rows[0].Tags, []string{"a", "b"}) {
					t.Errorf("%+v; want one recording with both tags", rows)
				}
			})
		})
	}
}

// TestStartAfterAFailedStartElsewhere records by itself what the other
// process could not.
func TestStartAfterAFailedStartElsewhere(t *testing.T) {
	office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		other := of.Beside(office.Options{Holder: "two", Rows: &blind{Rows: of.Store}})
		rec := recording.Recording{ID: "0198c0de-0000-7000-8000-000000000001", PBX: "pbx1", UniqueID: caller, AskedAt: time.Now().UTC()}
		if err := of.Store.Add(t.Context(), rec); err != nil { // as another process does
			t.Fatal(err)
		}
		done := make(chan recording.Recording, 1)
		go func() {
			rec, err := other.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "b"})
			if err != nil {
				t.Error(err)
			}
			done <- rec
		}()
		synctest.Wait()
		if n := of.PBX.Records(); n != 0 {
			t.Errorf("the PBX was asked %d times while another process begins", n)
		}
		step := recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "refused"}, At: time.Now().UTC()}
		if err := of.Store.Advance(t.Context(), rec.ID, step); err != nil {
			t.Fatal(err)
		}
		if got := <-done; got.State != recording.Running || of.PBX.Records() != 1 {
			t.Errorf("%+v, the PBX was asked %d times; want a recording of its own", got, of.PBX.Records())
		}
	})
}

// TestStartAfterACrashElsewhere takes over what a process left that died in
// the middle of a start, once that cannot be under way any more.
func TestStartAfterACrashElsewhere(t *testing.T) {
	office.In(t, office.Options{Holder: "one"}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := recording.Recording{ID: "0198c0de-0000-7000-8000-000000000001", PBX: "pbx1", UniqueID: caller, AskedAt: time.Now().UTC().Add(-2 * time.Minute)}
		if err := of.Store.Add(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		if got := of.Record(t, "410", "b"); got.ID == rec.ID || got.State != recording.Running {
			t.Errorf("%+v, want a recording of its own", got)
		}
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Failed {
			t.Errorf("what the dead process left: %+v, %v; want it failed", got, err)
		}
	})
}
