package ledger_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

func TestHealthyLedgerIsExplained(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.Finish(t, "22", 3*time.Second)
		caller, _ := of.PBX.Call(t, "500", "501")
		of.Record(t, "500", "23")
		for range 100 { // a long call, at every moment of it
			of.PBX.Pass(2 * time.Second)
			time.Sleep(2 * time.Second)
			of.WantUnexplained(t)
		}
		of.PBX.Hangup(t, caller)
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			of.WantUnexplained(t)
		}
		time.Sleep(10 * time.Minute)
		of.WantUnexplained(t)
	})
}

func TestUnsettledRowsAreFound(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(t *testing.T, of *office.Office, caller string)
		want  string
	}{
		{"an interrupted start", func(t *testing.T, of *office.Office, _ string) {
			of.PBX.Refuse(&recording.Error{Code: recording.Unavailable, Msg: "lost", Err: recording.ErrUncertain})
			if _, err := of.Start(t.Context(), recording.StartRequest{Target: "410"}); err == nil {
				t.Error("no error")
			}
			of.PBX.Disconnect()
		}, "it has been starting since"},
		{"the PBX closed the file while nobody looked", func(t *testing.T, of *office.Office, caller string) {
			of.Record(t, "410", "22")
			of.PBX.Pass(time.Second)
			of.PBX.Disconnect()
			of.PBX.HangupUnseen(t, caller)
		}, "it is still recording, and the PBX closed its file"},
		{"the file is gone while the PBX is away", func(t *testing.T, of *office.Office, _ string) {
			rec := of.Record(t, "410", "22")
			of.PBX.Disconnect()
			if err := of.PBX.Spool().Remove(rec.ID.Hex() + ".wav"); err != nil {
				t.Error(err)
			}
		}, "it is recording, but the PBX writes no file"},
		{"the database takes no step", func(t *testing.T, of *office.Office, _ string) {
			of.Record(t, "410", "22")
			of.PBX.Pass(time.Second)
			of.Blobs.Break(recording.Errorf(recording.Unavailable, "the archive is full")) // else it is collected before the next line but one
			of.Halt(t, "410")
			of.Store.Break("Advance")
			of.Blobs.Break(nil)
		}, "it has been collecting since"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
				caller, _ := of.PBX.Call(t, "410", "411")
				tt.leave(t, of, caller)
				of.WantUnexplained(t)
				time.Sleep(61 * time.Second)
				of.WantUnexplained(t, [2]string{"record", tt.want})
			})
		})
	}
}

func TestFilesWithoutARowAreFound(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		id, err := recording.NewID(time.Now(), office.Zeros{})
		if err != nil {
			t.Fatal(err)
		}
		of.PBX.Leave(recording.MixedFile(id), time.Second)
		of.Second.Leave(recording.SpokenFile(id), 0)
		of.Blobs.Set(id.Hex()+".wav", []byte("audio"))
		of.WantUnexplained(t,
			[2]string{"spool pbx1", "no recording has the id " + string(id)},
			[2]string{"spool pbx2", "no recording has the id"},
			[2]string{"archive", "no recording has the id"})
		time.Sleep(time.Hour)
		if keys := of.Blobs.Keys(); len(keys) != 1 {
			t.Errorf("the archive holds %v", keys)
		}
		if names, err := of.PBX.Spool().Names(); err != nil || len(names) != 1 {
			t.Errorf("the spool holds %v, %v", names, err)
		}
	})
}

func TestArchiveThatDiffersIsFound(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		gone, short := of.Finish(t, "22", time.Second), of.Finish(t, "23", time.Second)
		of.Finish(t, "24", time.Second)
		if err := of.Blobs.Remove(t.Context(), gone.Key); err != nil {
			t.Fatal(err)
		}
		of.Blobs.Set(short.Key, []byte("RIFF"))
		of.Blobs.Set(short.ID.Hex()+"-other.wav", []byte("RIFF"))
		of.WantUnexplained(t,
			[2]string{"record", "the archive does not have " + gone.Key},
			[2]string{"record", "the archive has 4 under " + short.Key},
			[2]string{"archive", "its recording is ready: "})
	})
}

func TestPlacesThatAreAwayAreFound(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Unmount()
		of.Blobs.Break(recording.Errorf(recording.Unavailable, "the folder of the archive is not there"))
		of.WantUnexplained(t,
			[2]string{"spool pbx1", "the folder of the recordings is not there"},
			[2]string{"archive", "the folder of the archive is not there"})
		of.Store.Break()
		if _, err := of.UnexplainedBetween(t, time.Now(), time.Now()); recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("with a database that is away: %v", err)
		}
	})
}

// A period begins and ends where it likes: all of it is looked at, once.
func TestWholePeriodIsLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		of.Open(t, office.Options{})
		begin := time.Now()
		var want [][2]string
		for at := begin; at.Before(begin.Add(72 * time.Hour)); at = at.Add(37 * time.Minute) {
			id, err := recording.NewID(at, office.Zeros{})
			if err != nil {
				t.Fatal(err)
			}
			of.Blobs.Set(id.Hex()+".wav", nil)
			want = append(want, [2]string{"archive", string(id)})
		}
		found, err := of.UnexplainedBetween(t, begin.Add(time.Minute), begin.Add(71*time.Hour+time.Minute))
		if err != nil || len(found) != len(want)-2 {
			t.Errorf("%d found, %v; want %d", len(found), err, len(want)-2)
		}
	})
}

// TestPeriodOfAllTime: what is empty costs nothing, however long it is; and
// what is looked at is told as it goes.
func TestPeriodOfAllTime(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		begin := time.Now()
		gone := of.Finish(t, "22", time.Second)
		if err := of.Blobs.Remove(t.Context(), gone.Key); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{begin.AddDate(-20, 0, 0), begin.AddDate(0, 0, -1), begin.AddDate(900, 0, 0)} {
			id, err := recording.NewID(at, office.Zeros{})
			if err != nil {
				t.Fatal(err)
			}
			of.Blobs.Set(id.Hex()+".wav", nil)
		}
		var found []recording.Finding
		var looked []int // years, of when a span of some hours begins
		err := of.Unexplained(t.Context(), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
			func(f recording.Finding) { found = append(found, f) }, func(at time.Time) { looked = append(looked, at.Year()-begin.Year()) })
		if err != nil || len(found) != 4 || found[2].Name != string(gone.ID) {
			t.Errorf("found %+v, %v; want three files and a row, the oldest first", found, err)
		}
		if len(looked) > 6 || !slices.IsSorted(looked) || looked[0] < -21 || looked[0] > -20 || looked[len(looked)-1] < 899 {
			t.Errorf("looked at the years %v from now, want about -20 to 900 in a few looks", looked)
		}
	})
}
