package recorder_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/recorder"
	"recgate/recording"
)

// hours are the period that the tests look at.
func hours(t *testing.T, of *office) []recording.Finding {
	t.Helper()
	now := time.Now()
	found, err := between(t, of, now.Add(-12*time.Hour), now.Add(12*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// between collects what is unexplained in a period.
func between(t *testing.T, of *office, from, to time.Time) (found []recording.Finding, err error) {
	t.Helper()
	err = of.Unexplained(t.Context(), from, to, func(f recording.Finding) { found = append(found, f) }, nil)
	return found, err
}

// unexplained checks that what is found are these places and words, in order.
func unexplained(t *testing.T, of *office, want ...[2]string) {
	t.Helper()
	found := hours(t, of)
	if len(found) != len(want) {
		t.Errorf("found %+v, want %d", found, len(want))
		return
	}
	for i, f := range found {
		if f.Place != want[i][0] || !contains(f.What, want[i][1]) || f.Do == "" {
			t.Errorf("found %+v, want %q and %q", f, want[i][0], want[i][1])
		}
	}
}

func TestHealthyLedgerIsExplained(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		finished(t, of, "22", 3*time.Second)
		caller, _ := of.pbx.Call(t, "500", "501")
		of.start(t, "500", "23")
		for range 100 { // a long call, at every moment of it
			of.pbx.Pass(2 * time.Second)
			time.Sleep(2 * time.Second)
			unexplained(t, of)
		}
		of.pbx.Hangup(t, caller)
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			unexplained(t, of)
		}
		time.Sleep(10 * time.Minute)
		unexplained(t, of)
	})
}

func TestUnsettledRowsAreFound(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(t *testing.T, of *office, caller string)
		want  string
	}{
		{"an interrupted start", func(t *testing.T, of *office, _ string) {
			of.pbx.Refuse(&recording.Error{Code: recording.Unavailable, Msg: "lost", Err: recording.ErrUncertain})
			if _, err := of.Start(t.Context(), recording.StartRequest{Target: "410"}); err == nil {
				t.Error("no error")
			}
			of.pbx.Disconnect()
		}, "it has been starting since"},
		{"the PBX closed the file while nobody looked", func(t *testing.T, of *office, caller string) {
			of.start(t, "410", "22")
			of.pbx.Pass(time.Second)
			of.pbx.Disconnect()
			of.pbx.HangupUnseen(t, caller)
		}, "it is still recording, and the PBX closed its file"},
		{"the file is gone while the PBX is away", func(t *testing.T, of *office, _ string) {
			rec := of.start(t, "410", "22")
			of.pbx.Disconnect()
			if err := of.pbx.Spool().Remove(rec.ID.Hex() + ".wav"); err != nil {
				t.Error(err)
			}
		}, "it is recording, but the PBX writes no file"},
		{"the database takes no step", func(t *testing.T, of *office, _ string) {
			of.start(t, "410", "22")
			of.pbx.Pass(time.Second)
			of.blobs.Break(recording.Errorf(recording.Unavailable, "the archive is full")) // else it is collected before the next line but one
			of.stop(t, "410")
			of.store.Break("Advance")
			of.blobs.Break(nil)
		}, "it has been collecting since"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
				caller, _ := of.pbx.Call(t, "410", "411")
				tt.leave(t, of, caller)
				unexplained(t, of)
				time.Sleep(61 * time.Second)
				unexplained(t, of, [2]string{"record", tt.want})
			})
		})
	}
}

func TestFilesWithoutARowAreFound(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		id, err := recording.NewID(time.Now(), zeros{})
		if err != nil {
			t.Fatal(err)
		}
		of.pbx.Leave(recording.MixedFile(id), time.Second)
		of.second.Leave(recording.SpokenFile(id), 0)
		of.blobs.Set(id.Hex()+".wav", []byte("audio"))
		unexplained(t, of,
			[2]string{"spool pbx1", "no recording has the id " + string(id)},
			[2]string{"spool pbx2", "no recording has the id"},
			[2]string{"archive", "no recording has the id"})
		time.Sleep(time.Hour)
		if keys := of.blobs.Keys(); len(keys) != 1 {
			t.Errorf("the archive holds %v", keys)
		}
		if names, err := of.pbx.Spool().Names(); err != nil || len(names) != 1 {
			t.Errorf("the spool holds %v, %v", names, err)
		}
	})
}

func TestArchiveThatDiffersIsFound(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		gone, short := finished(t, of, "22", time.Second), finished(t, of, "23", time.Second)
		finished(t, of, "24", time.Second)
		if err := of.blobs.Remove(t.Context(), gone.Key); err != nil {
			t.Fatal(err)
		}
		of.blobs.Set(short.Key, []byte("RIFF"))
		of.blobs.Set(short.ID.Hex()+"-other.wav", []byte("RIFF"))
		unexplained(t, of,
			[2]string{"record", "the archive does not have " + gone.Key},
			[2]string{"record", "the archive has 4 under " + short.Key},
			[2]string{"archive", "its recording is ready: "})
	})
}

func TestPlacesThatAreAwayAreFound(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		of.pbx.Unmount()
		of.blobs.Break(recording.Errorf(recording.Unavailable, "the folder of the archive is not there"))
		unexplained(t, of,
			[2]string{"spool pbx1", "the folder of the recordings is not there"},
			[2]string{"archive", "the folder of the archive is not there"})
		of.store.Break()
		if _, err := between(t, of, time.Now(), time.Now()); recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("with a database that is away: %v", err)
		}
	})
}

// A period begins and ends where it likes: all of it is looked at, once.
func TestWholePeriodIsLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := newClosedOffice()
		of.open(t, recorder.Options{})
		begin := time.Now()
		var want [][2]string
		for at := begin; at.Before(begin.Add(72 * time.Hour)); at = at.Add(37 * time.Minute) {
			id, err := recording.NewID(at, zeros{})
			if err != nil {
				t.Fatal(err)
			}
			of.blobs.Set(id.Hex()+".wav", nil)
			want = append(want, [2]string{"archive", string(id)})
		}
		found, err := between(t, of, begin.Add(time.Minute), begin.Add(71*time.Hour+time.Minute))
		if err != nil || len(found) != len(want)-2 {
			t.Errorf("%d found, %v; want %d", len(found), err, len(want)-2)
		}
	})
}

// TestPeriodOfAllTime: what is empty costs nothing, however long it is; and
// what is looked at is told as it goes.
func TestPeriodOfAllTime(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		begin := time.Now()
		gone := finished(t, of, "22", time.Second)
		if err := of.blobs.Remove(t.Context(), gone.Key); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{begin.AddDate(-20, 0, 0), begin.AddDate(0, 0, -1), begin.AddDate(900, 0, 0)} {
			id, err := recording.NewID(at, zeros{})
			if err != nil {
				t.Fatal(err)
			}
			of.blobs.Set(id.Hex()+".wav", nil)
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

// zeros is chance that is none.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
