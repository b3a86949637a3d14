package collect_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// inBothOffices runs a test with a PBX whose writing can be seen, and with one
// on another machine, where it cannot.
func inBothOffices(t *testing.T, test func(t *testing.T, of *office.Office)) {
	for _, seen := range []bool{true, false} {
		name := "who writes is seen"
		if !seen {
			name = "who writes is not seen"
		}
		t.Run(name, func(t *testing.T) {
			office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
				if !seen {
					of.PBX.Elsewhere()
				}
				test(t, of)
			})
		})
	}
}

// A PBX that is behind writes the rest and closes the file seconds after the
// end: nothing is missing.
func TestFileThatIsClosedLateIsWhole(t *testing.T) {
	for _, tt := range []struct{ lasts, written, behind time.Duration }{
		{10 * time.Second, 2 * time.Second, 7 * time.Second},
		{10 * time.Second, 2 * time.Second, 40 * time.Second},
		{2 * time.Second, 0, 7 * time.Second}, // nothing but a header yet
	} {
		inBothOffices(t, func(t *testing.T, of *office.Office) {
			rec := of.Talk(t, tt.lasts, tt.written)
			time.Sleep(tt.behind)
			of.PBX.Write(rec.ID, tt.lasts-tt.written)
			of.PBX.Close(rec.ID)
			got := of.AwaitSettled(t, rec.ID)
			if got.State != recording.Ready || got.Duration != tt.lasts || got.Reason.String() != "the channel hung up" {
				t.Errorf("closed %v after the end: %s (%s) with %v of %v", tt.behind, got.State, got.Reason, got.Duration, tt.lasts)
			}
			if names := of.InSpool(t); len(names) > 0 {
				t.Errorf("left in the spool: %v", names)
			}
			of.WantUnexplained(t)
		})
	}
}

// As long as the PBX is seen to have the file open, it is waited for.
func TestFileThatIsHeldIsNotTaken(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		rec := of.Talk(t, 10*time.Second, 2*time.Second)
		time.Sleep(time.Hour)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Collecting {
			t.Fatalf("while the PBX has its file open it is %s (%s)", got.State, got.Reason)
		}
		of.WantUnexplained(t, [2]string{"record", "it has been collecting since"})
		of.PBX.Write(rec.ID, 8*time.Second)
		of.PBX.Close(rec.ID)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 10*time.Second {
			t.Errorf("after it was closed: %s (%s) of %v", got.State, got.Reason, got.Duration)
		}
	})
}

// What is taken without having been closed says so, and stays in the spool
// until somebody has looked at it and deleted it.
func TestFileThatIsNeverClosedStays(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Elsewhere()
		rec := of.Talk(t, 10*time.Second, 2*time.Second)
		time.Sleep(30 * time.Second)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting {
			t.Fatalf("30 s after the end: %s (%s), %v", got.State, got.Reason, err)
		}
		time.Sleep(time.Minute)
		got := of.AwaitSettled(t, rec.ID)
		if got.State != recording.Ready || got.Duration != 2*time.Second || got.Reason.String() != "the channel hung up; the PBX did not close its file, whose end may be missing" {
			t.Fatalf("a minute later: %s (%s) of %v", got.State, got.Reason, got.Duration)
		}
		time.Sleep(time.Hour)
		file := recording.MixedFile(rec.ID)
		if names := of.InSpool(t); !slices.Contains(names, file) {
			t.Errorf("the spool holds %v", names)
		}
		of.WantUnexplained(t, [2]string{"spool pbx1", "the archive may lack its end"})
		if n := of.Orphans().Spool; n != 1 {
			t.Errorf("%d orphans are counted", n)
		}
		if err := of.PBX.Spool().Remove(file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		of.WantUnexplained(t)
		if n := of.Orphans().Spool; n != 0 {
			t.Errorf("%d orphans are counted after it was accepted", n)
		}
	})
}

// A PBX that was killed has not closed its file, and nobody will: where that
// is seen it is collected at once, with a reason that says so.
func TestFileOfADeadPBXIsTakenAtOnce(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		time.Sleep(10 * time.Second)
		of.PBX.Pass(8 * time.Second)
		of.PBX.Forget()
		of.PBX.Hangup(t, caller)
		time.Sleep(2 * time.Second)
		got, err := of.Store.Get(t.Context(), rec.ID)
		if err != nil || got.State != recording.Ready || got.Duration != 8*time.Second || got.Reason.String() != "the channel hung up; the PBX left its file incomplete" {
			t.Errorf("2 s after the end: %s (%s) of %v, %v", got.State, got.Reason, got.Duration, err)
		}
		if names := of.InSpool(t); len(names) > 0 {
			t.Errorf("left in the spool: %v", names)
		}
		of.WantUnexplained(t)
	})
}

// A file that grows while it is put into the archive is put there again.
func TestFileThatGrowsWhileItIsArchived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		slow := &office.SlowBlobs{Blobs: of.Blobs}
		of.Archive = slow
		of.Open(t, office.Options{})
		of.PBX.Elsewhere()
		rec := of.Talk(t, 10*time.Second, 2*time.Second)
		slow.Before(func() {
			of.PBX.Write(rec.ID, 8*time.Second)
			of.PBX.Close(rec.ID)
		})
		time.Sleep(2 * time.Minute)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 10*time.Second || got.Reason.String() != "the channel hung up" {
			t.Errorf("it is %s (%s) of %v", got.State, got.Reason, got.Duration)
		}
	})
}

// A recording of two files of which one is of no use says so, and what is not
// a WAV stays.
func TestOneFileOfTwo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(of *office.Office, file string)
		stays bool
	}{
		{"missing", func(*office.Office, string) {}, false},
		{"not a WAV", func(of *office.Office, file string) { of.PBX.Scribble(file, []byte("no RIFF")) }, true},
		{"a folder", func(of *office.Office, file string) { of.PBX.Odd(file, true) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
				rec := fail(t, of)
				of.PBX.Leave(recording.SpokenFile(rec.ID), time.Second)
				tt.leave(of, recording.HeardFile(rec.ID))
				time.Sleep(5 * time.Minute)
				got := of.AwaitSettled(t, rec.ID)
				if got.State != recording.Ready || got.Reason.String() != "it had failed, and its file appeared; one of its two files is missing or is not a WAV" {
					t.Errorf("it is %s (%s)", got.State, got.Reason)
				}
				if names := of.InSpool(t); slices.Contains(names, recording.HeardFile(rec.ID)) != tt.stays || len(names) > 0 != tt.stays {
					t.Errorf("the spool holds %v", names)
				}
			})
		})
	}
}

// What has the name of a spool file and is not a file is not tried forever: the
// recording is lost for now, and taken up when its file is there.
func TestOddObjectInPlaceOfAFile(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		file := recording.MixedFile(rec.ID)
		of.PBX.Pass(time.Second)
		of.PBX.Odd(file, true)
		of.PBX.Hangup(t, caller)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Lost || got.Reason.String() != "what has the name of its file in the spool is not a file" {
			t.Fatalf("it is %s (%s)", got.State, got.Reason)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Conflict, "is not a file")
		of.PBX.Odd(file, false)
		of.PBX.Leave(file, 2*time.Second)
		time.Sleep(2 * time.Minute)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 2*time.Second {
			t.Errorf("after its file is there: %s (%s)", got.State, got.Reason)
		}
	})
}

// A start of which nobody knows whether it ran, with something odd in place of
// its file, is settled as well.
func TestOddObjectOfAnInterruptedStart(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.PBX.Refuse(&recording.Error{Code: recording.Unavailable, Msg: "no answer", Err: recording.ErrUncertain})
		rec, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "22"})
		office.WantRefusal(t, err, recording.Unavailable, "no answer")
		of.PBX.Odd(recording.MixedFile(rec.ID), true)
		of.PBX.Hangup(t, caller)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Lost {
			t.Errorf("it is %s (%s)", got.State, got.Reason)
		}
	})
}
