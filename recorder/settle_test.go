package recorder_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

func TestHangupCollects(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		rec := of.Finish(t, "22", 3*time.Second)
		if rec.State != recording.Ready || rec.InProgress() || rec.StoppedAt.IsZero() || rec.Call.EndedAt.IsZero() || rec.Duration != 3*time.Second {
			t.Errorf("after the hangup: %+v", rec)
		}
		if rec.Reason.String() != "the channel hung up" {
			t.Errorf("reason %q", rec.Reason)
		}
	})
}

func TestAnswerIsNoted(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		callee := of.PBX.Ring(t, "410", "420")
		rec := of.Record(t, "420", "22")
		found, err := of.PBX.Find(t.Context(), recording.Target{Text: callee})
		if err != nil {
			t.Fatal(err)
		}
		of.PBX.Tell(recording.Event{Kind: recording.ChannelAnswered, Channel: found[0]})
		if got := of.AwaitSettled(t, rec.ID); got.AnsweredAt.IsZero() {
			t.Errorf("%+v: the answer is not noted", got)
		}
	})
}

// What a killed process left is settled by the next one.
func TestRestartSettles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(t *testing.T, of *office.Office, caller string, rec recording.Recording)
		want  recording.State
	}{
		{"the channel lives: goes on", func(*testing.T, *office.Office, string, recording.Recording) {}, recording.Running},
		{"the channel hung up meanwhile", func(t *testing.T, of *office.Office, caller string, _ recording.Recording) {
			of.PBX.HangupUnseen(t, caller)
		}, recording.Ready},
		{"the file is gone", func(t *testing.T, of *office.Office, caller string, rec recording.Recording) {
			of.PBX.HangupUnseen(t, caller)
			if err := of.PBX.Spool().Remove(rec.ID.Hex() + ".wav"); err != nil {
				t.Error(err)
			}
		}, recording.Lost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := office.New()
				end := of.Open(t, office.Options{})
				caller, _ := of.PBX.Call(t, "410", "411")
				rec := of.Record(t, "410", "22")
				of.PBX.Pass(time.Second)
				end()
				tt.leave(t, of, caller, rec)
				of.Open(t, office.Options{})
				if got := of.AwaitSettled(t, rec.ID); got.State != tt.want {
					t.Errorf("settled as %s (%s), want %s", got.State, got.Reason, tt.want)
				}
			})
		})
	}
}

func TestRestartSettlesInterruptedStarts(t *testing.T) {
	for _, tt := range []struct {
		name   string
		record bool // the PBX was asked before the kill
		hangup bool
		want   recording.State
	}{
		{"before the PBX was asked", false, false, recording.Failed},
		{"before the PBX was asked, then a hangup", false, true, recording.Failed},
		{"before the answer was written", true, false, recording.Running},
		{"before the answer was written, then a hangup", true, true, recording.Ready},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := office.New()
				caller, _ := of.PBX.Call(t, "410", "411")
				c, err := of.PBX.Find(t.Context(), recording.Target{Text: caller})
				if err != nil {
					t.Fatal(err)
				}
				rec := recording.Recording{
					ID: "0198c0de-0000-7000-8000-000000000001", State: recording.Starting, PBX: "pbx1", Channel: c[0].Name,
					UniqueID: caller, Extension: "410", AskedAt: time.Now(), Tags: []string{"22"},
					Call: recording.Call{ID: "0198c0de-0000-7000-8000-000000000002", PBX: "pbx1", LinkedID: c[0].LinkedID, StartedAt: time.Now()},
				}
				if err := of.Store.Add(t.Context(), rec); err != nil {
					t.Fatal(err)
				}
				if tt.record {
					if _, err := of.PBX.Record(t.Context(), c[0], rec.ID); err != nil {
						t.Fatal(err)
					}
					of.PBX.Pass(time.Second)
				}
				if tt.hangup {
					of.PBX.HangupUnseen(t, caller)
				}
				of.Open(t, office.Options{})
				got := of.AwaitSettled(t, rec.ID)
				if got.State != tt.want {
					t.Errorf("settled as %s (%s), want %s", got.State, got.Reason, tt.want)
				}
				if got.State == recording.Running {
					of.Halt(t, "410") // by what was found out, since no answer was ever written
					of.PBX.Hangup(t, caller)
					synctest.Wait()
					of.Fetch(t, "22")
				}
			})
		})
	}
}

func TestDatabaseAwayAtTheHangupLosesNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.Store.Break()
		of.PBX.Hangup(t, caller)
		time.Sleep(time.Minute)
		of.Store.Repair()
		time.Sleep(10 * time.Second)
		of.Fetch(t, "22")
	})
}

func TestMissedHangupIsFound(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.PBX.HangupUnseen(t, caller)
		time.Sleep(time.Minute)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.InProgress() {
			t.Errorf("a minute after a hangup that nobody told: %s, in progress %v", got.State, got.InProgress())
		}
	})
}

// The first of two recordings of a channel is stopped, the second runs, and the
// hangup is missed: what the first one says of the channel leaves the second
// to be ended.
func TestMissedHangupAfterASecondStart(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		first := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		if _, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"}); err != nil {
			t.Fatal(err)
		}
		second := of.Record(t, "410", "23")
		of.PBX.Pass(time.Second)
		of.PBX.HangupUnseen(t, caller)
		time.Sleep(time.Minute)
		for _, id := range []recording.ID{first.ID, second.ID} {
			if got := of.AwaitSettled(t, id); got.State != recording.Ready || got.InProgress() {
				t.Errorf("a minute after a hangup that nobody told: %s (%s), in progress %v", got.State, got.Reason, got.InProgress())
			}
		}
	})
}

// The hangup of the channel that was picked up comes right behind the pickup.
func TestPickupBeforeItsHangup(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		for range 20 {
			rang := of.PBX.Ring(t, "410", "420")
			rec := of.Record(t, rang, "22")
			picker := of.PBX.Add(recording.Channel{Name: "SIP/412", Extension: "412", State: recording.Up})
			found, err := of.PBX.Find(t.Context(), recording.Target{Text: rang})
			if err != nil {
				t.Fatal(err)
			}
			of.PBX.Tell(recording.Event{Kind: recording.RecordingMoved, Channel: found[0], To: picker})
			of.PBX.Tell(recording.Event{Kind: recording.ChannelHungUp, Channel: found[0]})
			synctest.Wait()
			if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running || got.UniqueID != picker.UniqueID {
				t.Fatalf("after pickup and hangup: %s on %s, %v; want it running on %s", got.State, got.UniqueID, err, picker.UniqueID)
			}
		}
	})
}

func TestPickupIsFollowed(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		rang := of.PBX.Ring(t, "410", "420")
		rec := of.Record(t, "420", "22")
		picker := of.PBX.Add(recording.Channel{Name: "SIP/412", Extension: "412", State: recording.Up})
		found, err := of.PBX.Find(t.Context(), recording.Target{Text: rang})
		if err != nil {
			t.Fatal(err)
		}
		of.PBX.Tell(recording.Event{Kind: recording.RecordingMoved, Channel: found[0], To: picker})
		if got := of.AwaitSettled(t, rec.ID); got.UniqueID != picker.UniqueID || got.Extension != "412" || got.State != recording.Running {
			t.Errorf("after the pickup: %+v", got)
		}
		if got := of.Halt(t, "412"); got.ID != rec.ID {
			t.Errorf("stop by who picked up: %+v", got)
		}
	})
}

func TestRecordingEndedByThePBX(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		found, err := of.PBX.Find(t.Context(), recording.Target{Text: caller})
		if err != nil {
			t.Fatal(err)
		}
		if err := of.PBX.Stop(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		of.PBX.Tell(recording.Event{Kind: recording.RecordingEnded, Channel: found[0]})
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Reason.String() != "ended by the PBX" {
			t.Errorf("after the PBX ended it: %s (%s)", got.State, got.Reason)
		}
	})
}

// TestAnotherRecordingEnded: what the PBX says of a recording may be about one
// that was ended before, by this process or another; the one that runs goes on.
func TestAnotherRecordingEnded(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, "410", "21")
		of.PBX.Pass(time.Second)
		of.Halt(t, "410")
		rec := of.Record(t, "410", "22")
		found, err := of.PBX.Find(t.Context(), recording.Target{Text: caller})
		if err != nil {
			t.Fatal(err)
		}
		of.PBX.Tell(recording.Event{Kind: recording.RecordingEnded, Channel: found[0]})
		of.PBX.Pass(time.Second)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Running {
			t.Errorf("the recording that runs became %s (%s)", got.State, got.Reason)
		}
		if got := of.Halt(t, "410"); got.ID != rec.ID {
			t.Errorf("stop ended %s", got.ID)
		}
	})
}

func TestRunningCountsWhatIsNotSettled(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		if n := of.Book.Figures().Open(); n != 1 {
			t.Errorf("Running = %d while one records", n)
		}
		of.Halt(t, "410")
		time.Sleep(10 * time.Second)
		if n, w := of.Book.Figures().Open(), of.Waiting(); n != 0 || w != 0 {
			t.Errorf("Running = %d, Waiting = %d when all is collected", n, w)
		}
		of.PBX.Hangup(t, caller)
	})
}

func TestHappeningsAreTold(t *testing.T) {
	var mu sync.Mutex
	var kinds []recording.HappeningKind
	o := office.Options{Happened: func(h recording.Happening) {
		mu.Lock()
		defer mu.Unlock()
		kinds = append(kinds, h.Kind)
	}}
	office.In(t, o, func(t *testing.T, of *office.Office) {
		of.Finish(t, "22", time.Second)
		of.Fetch(t, "22")
		mu.Lock()
		defer mu.Unlock()
		want := []recording.HappeningKind{recording.Started, recording.Settled, recording.Retrieved}
		if len(kinds) != len(want) {
			t.Fatalf("told %v, want %v", kinds, want)
		}
		for i := range want {
			if kinds[i] != want[i] {
				t.Errorf("told %v, want %v", kinds, want)
			}
		}
	})
}
