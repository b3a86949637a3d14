package collect_test

import (
	"testing"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// endAs brings a recording of 410 to an end that it should not have.
func endAs(t *testing.T, of *office.Office, end func(*testing.T, *office.Office) recording.Recording, want recording.State) recording.Recording {
	t.Helper()
	rec := end(t, of)
	rec = of.AwaitSettled(t, rec.ID)
	if rec.State != want {
		t.Fatalf("it is %s (%s), want %s", rec.State, rec.Reason, want)
	}
	return rec
}

func lose(t *testing.T, of *office.Office) recording.Recording {
	caller, _ := of.PBX.Call(t, "410", "411")
	rec := of.Record(t, "410", "22")
	if err := of.PBX.Spool().Remove(recording.MixedFile(rec.ID)); err != nil {
		t.Fatal(err)
	}
	of.PBX.Hangup(t, caller)
	return rec
}

func recordNothing(t *testing.T, of *office.Office) recording.Recording { return of.Finish(t, "22", 0) }

// takeEarly has a recording taken a minute after its end, without having been
// closed.
func takeEarly(t *testing.T, of *office.Office) recording.Recording {
	of.PBX.Elsewhere()
	rec := of.Talk(t, 2*time.Second, time.Second)
	time.Sleep(time.Minute)
	return rec
}

func fail(t *testing.T, of *office.Office) recording.Recording {
	caller, _ := of.PBX.Call(t, "410", "411")
	of.PBX.Refuse(recording.Errorf(recording.Unavailable, "no right"))
	rec, err := of.Start(t.Context(), recording.StartRequest{Target: caller, Tag: "22"})
	if err == nil {
		t.Error("a refused start is no error")
	}
	of.PBX.Hangup(t, caller)
	return rec
}

// Audio that comes back is taken up by its id, whatever recorder wrote it.
func TestFileThatComesBackIsCollected(t *testing.T) {
	for _, tt := range []struct {
		name  string
		end   func(*testing.T, *office.Office) recording.Recording
		from  recording.State
		files []func(recording.ID) string
		sound time.Duration
		want  recording.State
	}{
		{"lost", lose, recording.Lost, []func(recording.ID) string{recording.MixedFile}, time.Second, recording.Ready},
		{"empty", recordNothing, recording.Empty, []func(recording.ID) string{recording.MixedFile}, time.Second, recording.Ready},
		{"taken before it was closed", takeEarly, recording.Ready, []func(recording.ID) string{recording.MixedFile}, 2 * time.Second, recording.Ready},
		{"failed", fail, recording.Failed, []func(recording.ID) string{recording.MixedFile}, time.Second, recording.Ready},
		{"failed, by Monitor", fail, recording.Failed, []func(recording.ID) string{recording.SpokenFile, recording.HeardFile}, time.Second, recording.Ready},
		{"failed, one leg", fail, recording.Failed, []func(recording.ID) string{recording.HeardFile}, time.Second, recording.Ready},
		{"failed, no sound", fail, recording.Failed, []func(recording.ID) string{recording.MixedFile}, 0, recording.Empty},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
				rec := endAs(t, of, tt.end, tt.from)
				for _, file := range tt.files {
					of.PBX.Leave(file(rec.ID), tt.sound)
				}
				time.Sleep(2 * time.Minute)
				got := of.AwaitSettled(t, rec.ID)
				if got.State != tt.want || got.StoppedAt.IsZero() || got.Duration != tt.sound {
					t.Fatalf("it is %s (%s) of %v, stopped at %v; want %s of %v", got.State, got.Reason, got.Duration, got.StoppedAt, tt.want, tt.sound)
				}
				past, err := of.Store.History(t.Context(), rec.ID)
				if err != nil || len(past) < 2 || past[len(past)-2].Said != "it was "+string(tt.from)+": "+rec.Reason.String() {
					t.Errorf("the history does not say what it was: %+v, %v", past, err)
				}
				if names, err := of.PBX.Spool().Names(); err != nil || len(names) > 0 {
					t.Errorf("left in the spool: %v, %v", names, err)
				}
				of.WantUnexplained(t)
			})
		})
	}
}

// A file without a byte is of no use to anybody: it is not kept.
func TestEmptyFileIsLost(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		_, _ = of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Blank(rec.ID)
		if _, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if rec = of.AwaitSettled(t, rec.ID); rec.State != recording.Lost || rec.Reason.String() != "the PBX could write nothing into its file in the spool" {
			t.Errorf("it is %s: %s", rec.State, rec.Reason)
		}
		if names, err := of.PBX.Spool().Names(); err != nil || len(names) > 0 {
			t.Errorf("left in the spool: %v, %v", names, err)
		}
	})
}

// A crash between the last step and the deletion leaves files, which go when
// the archive is seen to hold the same, and only then.
func TestLeftoversOfSettledRecordings(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(t *testing.T, of *office.Office) recording.Recording
		gone  bool
	}{
		{"the same as in the archive", func(t *testing.T, of *office.Office) recording.Recording {
			caller, _ := of.PBX.Call(t, "410", "411")
			rec := of.Record(t, "410", "22")
			of.PBX.Leave(recording.MixedFile(rec.ID), time.Second)
			of.PBX.Hangup(t, caller)
			rec = of.AwaitSettled(t, rec.ID)
			of.PBX.Leave(recording.MixedFile(rec.ID), time.Second)
			return rec
		}, true},
		{"another sound than in the archive, longer", func(t *testing.T, of *office.Office) recording.Recording {
			caller, _ := of.PBX.Call(t, "500", "501")
			rec := of.Record(t, caller, "22")
			of.PBX.Pass(time.Second)
			of.PBX.Hangup(t, caller)
			rec = of.AwaitSettled(t, rec.ID)
			of.PBX.Leave(recording.MixedFile(rec.ID), 2*time.Second)
			return rec
		}, false},
		{"less sound than in the archive", func(t *testing.T, of *office.Office) recording.Recording {
			rec := of.Finish(t, "22", 2*time.Second)
			of.PBX.Leave(recording.MixedFile(rec.ID), time.Second)
			return rec
		}, false},
		{"the archive does not hold it any more", func(t *testing.T, of *office.Office) recording.Recording {
			rec := of.Finish(t, "22", time.Second)
			of.Blobs.Set(rec.Key, []byte("RIFF"))
			of.PBX.Leave(recording.MixedFile(rec.ID), time.Second)
			return rec
		}, false},
		{"a file of another kind", func(t *testing.T, of *office.Office) recording.Recording {
			rec := of.Finish(t, "22", time.Second)
			of.PBX.Leave(recording.HeardFile(rec.ID), 2*time.Second)
			return rec
		}, false},
		{"nothing of an empty one", func(t *testing.T, of *office.Office) recording.Recording {
			rec := of.Finish(t, "22", 0)
			of.PBX.Leave(recording.MixedFile(rec.ID), 0)
			return rec
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
				before := tt.leave(t, of)
				time.Sleep(5 * time.Minute)
				names, err := of.PBX.Spool().Names()
				if err != nil || len(names) == 0 != tt.gone {
					t.Errorf("the spool holds %v, %v; want it gone: %v", names, err, tt.gone)
				}
				if n := of.Orphans().Spool; n != len(names) {
					t.Errorf("%d orphans in the spool are counted, want %d", n, len(names))
				}
				if after := of.AwaitSettled(t, before.ID); after.State != before.State {
					t.Errorf("it was %s and is %s", before.State, after.State)
				}
			})
		})
	}
}

// While the spool is away nothing is lost, and nothing counts as never begun.
func TestSpoolThatIsAwayLosesNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.PBX.Unmount()
		of.PBX.Hangup(t, caller)
		time.Sleep(10 * time.Minute)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Collecting {
			t.Fatalf("while the mount is away it is %s (%s)", got.State, got.Reason)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Unavailable, "cannot be collected for now: the folder of the recordings is not there")
		of.PBX.Mount()
		time.Sleep(time.Minute)
		of.Fetch(t, "22")
	})
}

func TestInterruptedStartWaitsForTheSpool(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.PBX.Refuse(&recording.Error{Code: recording.Unavailable, Msg: "no answer", Err: recording.ErrUncertain})
		rec, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		office.WantRefusal(t, err, recording.Unavailable, "no answer")
		of.PBX.Leave(recording.MixedFile(rec.ID), time.Second)
		of.PBX.Unmount()
		of.PBX.Hangup(t, caller)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Starting {
			t.Fatalf("while the mount is away it is %s (%s)", got.State, got.Reason)
		}
		of.PBX.Mount()
		time.Sleep(time.Minute)
		of.Fetch(t, "22")
	})
}
