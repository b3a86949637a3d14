package recorder_test

import (
	"bytes"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/audio"
	"recgate/recorder"
	"recgate/recording"
)

func TestHangupCollects(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		rec := finished(t, of, "22", 3*time.Second)
		if rec.State != recording.Ready || rec.InProgress() || rec.StoppedAt.IsZero() || rec.Call.EndedAt.IsZero() || rec.Duration != 3*time.Second {
			t.Errorf("after the hangup: %+v", rec)
		}
		if rec.Reason.String() != "the channel hung up" {
			t.Errorf("reason %q", rec.Reason)
		}
	})
}

// A file is collected when the PBX has closed it, not when the hangup was
// told: another thread of Asterisk writes it.
func TestFileThatStillGrowsIsNotCollected(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		of.pbx.Late()
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		of.pbx.Hangup(t, caller)
		for range 5 {
			time.Sleep(2 * time.Second)
			of.pbx.Write(rec.ID, time.Second)
			if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting {
				t.Fatalf("while the file grows: %s, %v", got.State, err)
			}
		}
		of.pbx.Close(rec.ID)
		if got := of.state(t, rec.ID); got.State != recording.Ready || got.Duration != 6*time.Second {
			t.Errorf("after the file was closed: %s, %v; want ready, 6s", got.State, got.Duration)
		}
	})
}

// What a killed PBX left is collected once it has not grown for a while.
func TestFileThatIsNeverClosedIsRepaired(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		of.pbx.Late()
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		of.pbx.Elsewhere()
		of.pbx.Hangup(t, caller)
		time.Sleep(44 * time.Second)
		if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting {
			t.Fatalf("44 s after the hangup: %s, %v; want it waited for", got.State, err)
		}
		if got := of.state(t, rec.ID); got.State != recording.Ready {
			t.Fatalf("then: %s (%s)", got.State, got.Reason)
		}
		wav := of.retrieve(t, "22")
		complete, length, err := audio.Files{}.Check(bytes.NewReader(wav), int64(len(wav)))
		if !complete || length != time.Second || err != nil {
			t.Errorf("what leaves: complete %v, %v, %v", complete, length, err)
		}
	})
}

func TestNoAudioIsEmpty(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		callee := of.pbx.Ring(t, "410", "420")
		rec := of.start(t, "420", "22")
		of.pbx.Pass(time.Second)
		of.pbx.Hangup(t, callee)
		if got := of.state(t, rec.ID); got.State != recording.Empty {
			t.Errorf("after a call that was not answered: %s (%s), want empty", got.State, got.Reason)
		}
	})
}

func TestAnswerIsNoted(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		callee := of.pbx.Ring(t, "410", "420")
		rec := of.start(t, "420", "22")
		found, err := of.pbx.Find(t.Context(), recording.Target{Text: callee})
		if err != nil {
			t.Fatal(err)
		}
		of.pbx.Tell(recording.Event{Kind: recording.ChannelAnswered, Channel: found[0]})
		if got := of.state(t, rec.ID); got.AnsweredAt.IsZero() {
			t.Errorf("%+v: the answer is not noted", got)
		}
	})
}

// What a killed process left is settled by the next one.
func TestRestartSettles(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(t *testing.T, of *office, caller string, rec recording.Recording)
		want  recording.State
	}{
		{"the channel lives: goes on", func(*testing.T, *office, string, recording.Recording) {}, recording.Running},
		{"the channel hung up meanwhile", func(t *testing.T, of *office, caller string, _ recording.Recording) {
			of.pbx.HangupUnseen(t, caller)
		}, recording.Ready},
		{"the file is gone", func(t *testing.T, of *office, caller string, rec recording.Recording) {
			of.pbx.HangupUnseen(t, caller)
			if err := of.pbx.Spool().Remove(rec.ID.Hex() + ".wav"); err != nil {
				t.Error(err)
			}
		}, recording.Lost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := newClosedOffice()
				end := of.open(t, recorder.Options{})
				caller, _ := of.pbx.Call(t, "410", "411")
				rec := of.start(t, "410", "22")
				of.pbx.Pass(time.Second)
				end()
				tt.leave(t, of, caller, rec)
				of.open(t, recorder.Options{})
				if got := of.state(t, rec.ID); got.State != tt.want {
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
				of := newClosedOffice()
				caller, _ := of.pbx.Call(t, "410", "411")
				c, err := of.pbx.Find(t.Context(), recording.Target{Text: caller})
				if err != nil {
					t.Fatal(err)
				}
				rec := recording.Recording{
					ID: "0198c0de-0000-7000-8000-000000000001", State: recording.Starting, PBX: "pbx1", Channel: c[0].Name,
					UniqueID: caller, Extension: "410", AskedAt: time.Now(), Tags: []string{"22"},
					Call: recording.Call{ID: "0198c0de-0000-7000-8000-000000000002", PBX: "pbx1", LinkedID: c[0].LinkedID, StartedAt: time.Now()},
				}
				if err := of.store.Add(t.Context(), rec); err != nil {
					t.Fatal(err)
				}
				if tt.record {
					if _, err := of.pbx.Record(t.Context(), c[0], rec.ID); err != nil {
						t.Fatal(err)
					}
					of.pbx.Pass(time.Second)
				}
				if tt.hangup {
					of.pbx.HangupUnseen(t, caller)
				}
				of.open(t, recorder.Options{})
				got := of.state(t, rec.ID)
				if got.State != tt.want {
					t.Errorf("settled as %s (%s), want %s", got.State, got.Reason, tt.want)
				}
				if got.State == recording.Running {
					of.stop(t, "410") // by what was found out, since no answer was ever written
					of.pbx.Hangup(t, caller)
					synctest.Wait()
					of.retrieve(t, "22")
				}
			})
		})
	}
}

func TestArchiveAwayLosesNothing(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		of.blobs.Break(recording.Errorf(recording.Unavailable, "the archive is full"))
		rec := finished(t, of, "22", time.Second)
		if rec.State != recording.Collecting {
			t.Fatalf("with a full archive: %s (%s), want collecting", rec.State, rec.Reason)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		refused(t, err, recording.Unavailable, "cannot be collected for now: the archive is full")
		of.blobs.Break(nil)
		time.Sleep(time.Minute)
		of.retrieve(t, "22")
	})
}

// closedSpool may be listed but not read.
type closedSpool struct{ recording.Spool }

func (closedSpool) Open(string) (recording.SpoolFile, error) { return nil, fs.ErrPermission }

func TestSpoolThatCannotBeReadIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		of.around = func(p recording.PBX) recording.PBX {
			p.Spool = closedSpool{p.Spool}
			return p
		}
		of.open(t, recorder.Options{})
		if rec := finished(t, of, "22", time.Second); rec.State != recording.Collecting {
			t.Fatalf("it is %s (%s), want collecting", rec.State, rec.Reason)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		refused(t, err, recording.Unavailable, `cannot be collected for now: a file of the PBX "pbx1" cannot be read`)
		refused(t, err, recording.Unavailable, "the folder in its key mount")
	})
}

func TestDatabaseAwayAtTheHangupLosesNothing(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		of.store.Break()
		of.pbx.Hangup(t, caller)
		time.Sleep(time.Minute)
		of.store.Repair()
		time.Sleep(10 * time.Second)
		of.retrieve(t, "22")
	})
}

func TestMissedHangupIsFound(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		of.pbx.HangupUnseen(t, caller)
		time.Sleep(time.Minute)
		if got := of.state(t, rec.ID); got.State != recording.Ready || got.InProgress() {
			t.Errorf("a minute after a hangup that nobody told: %s, in progress %v", got.State, got.InProgress())
		}
	})
}

// The first of two recordings of a channel is stopped, the second runs, and the
// hangup is missed: what the first one says of the channel leaves the second
// to be ended.
func TestMissedHangupAfterASecondStart(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		first := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		if _, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"}); err != nil {
			t.Fatal(err)
		}
		second := of.start(t, "410", "23")
		of.pbx.Pass(time.Second)
		of.pbx.HangupUnseen(t, caller)
		time.Sleep(time.Minute)
		for _, id := range []recording.ID{first.ID, second.ID} {
			if got := of.state(t, id); got.State != recording.Ready || got.InProgress() {
				t.Errorf("a minute after a hangup that nobody told: %s (%s), in progress %v", got.State, got.Reason, got.InProgress())
			}
		}
	})
}

// The hangup of the channel that was picked up comes right behind the pickup.
func TestPickupBeforeItsHangup(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		for range 20 {
			rang := of.pbx.Ring(t, "410", "420")
			rec := of.start(t, rang, "22")
			picker := of.pbx.Add(recording.Channel{Name: "SIP/412", Extension: "412", State: recording.Up})
			found, err := of.pbx.Find(t.Context(), recording.Target{Text: rang})
			if err != nil {
				t.Fatal(err)
			}
			of.pbx.Tell(recording.Event{Kind: recording.RecordingMoved, Channel: found[0], To: picker})
			of.pbx.Tell(recording.Event{Kind: recording.ChannelHungUp, Channel: found[0]})
			synctest.Wait()
			if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running || got.UniqueID != picker.UniqueID {
				t.Fatalf("after pickup and hangup: %s on %s, %v; want it running on %s", got.State, got.UniqueID, err, picker.UniqueID)
			}
		}
	})
}

func TestPickupIsFollowed(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		rang := of.pbx.Ring(t, "410", "420")
		rec := of.start(t, "420", "22")
		picker := of.pbx.Add(recording.Channel{Name: "SIP/412", Extension: "412", State: recording.Up})
		found, err := of.pbx.Find(t.Context(), recording.Target{Text: rang})
		if err != nil {
			t.Fatal(err)
		}
		of.pbx.Tell(recording.Event{Kind: recording.RecordingMoved, Channel: found[0], To: picker})
		if got := of.state(t, rec.ID); got.UniqueID != picker.UniqueID || got.Extension != "412" || got.State != recording.Running {
			t.Errorf("after the pickup: %+v", got)
		}
		if got := of.stop(t, "412"); got.ID != rec.ID {
			t.Errorf("stop by who picked up: %+v", got)
		}
	})
}

func TestRecordingEndedByThePBX(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		found, err := of.pbx.Find(t.Context(), recording.Target{Text: caller})
		if err != nil {
			t.Fatal(err)
		}
		if err := of.pbx.Stop(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		of.pbx.Tell(recording.Event{Kind: recording.RecordingEnded, Channel: found[0]})
		if got := of.state(t, rec.ID); got.State != recording.Ready || got.Reason.String() != "ended by the PBX" {
			t.Errorf("after the PBX ended it: %s (%s)", got.State, got.Reason)
		}
	})
}

// TestAnotherRecordingEnded: what the PBX says of a recording may be about one
// that was ended before, by this process or another; the one that runs goes on.
func TestAnotherRecordingEnded(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		of.start(t, "410", "21")
		of.pbx.Pass(time.Second)
		of.stop(t, "410")
		rec := of.start(t, "410", "22")
		found, err := of.pbx.Find(t.Context(), recording.Target{Text: caller})
		if err != nil {
			t.Fatal(err)
		}
		of.pbx.Tell(recording.Event{Kind: recording.RecordingEnded, Channel: found[0]})
		of.pbx.Pass(time.Second)
		if got := of.state(t, rec.ID); got.State != recording.Running {
			t.Errorf("the recording that runs became %s (%s)", got.State, got.Reason)
		}
		if got := of.stop(t, "410"); got.ID != rec.ID {
			t.Errorf("stop ended %s", got.ID)
		}
	})
}

func TestRunningCountsWhatIsNotSettled(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		of.start(t, "410", "22")
		of.pbx.Pass(time.Second)
		if n := of.Figures().Open(); n != 1 {
			t.Errorf("Running = %d while one records", n)
		}
		of.stop(t, "410")
		time.Sleep(10 * time.Second)
		if n, w := of.Figures().Open(), of.Waiting(); n != 0 || w != 0 {
			t.Errorf("Running = %d, Waiting = %d when all is collected", n, w)
		}
		of.pbx.Hangup(t, caller)
	})
}

func TestKeepSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		of.around = func(p recording.PBX) recording.PBX {
			p.KeepSpool = true
			return p
		}
		of.open(t, recorder.Options{})
		rec := finished(t, of, "22", time.Second)
		f, err := of.pbx.Spool().Open(rec.ID.Hex() + ".wav")
		if err != nil {
			t.Fatalf("keep_spool: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestHappeningsAreTold(t *testing.T) {
	var mu sync.Mutex
	var kinds []recording.HappeningKind
	o := recorder.Options{Happened: func(h recording.Happening) {
		mu.Lock()
		defer mu.Unlock()
		kinds = append(kinds, h.Kind)
	}}
	inOffice(t, o, func(t *testing.T, of *office) {
		finished(t, of, "22", time.Second)
		of.retrieve(t, "22")
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
