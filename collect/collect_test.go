package collect_test

import (
	"bytes"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"recgate/audio"
	"recgate/internal/office"
	"recgate/recording"
)

// A file is collected when the PBX has closed it, not when the hangup was
// told: another thread of Asterisk writes it.
func TestFileThatStillGrowsIsNotCollected(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Late()
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.PBX.Hangup(t, caller)
		for range 5 {
			time.Sleep(2 * time.Second)
			of.PBX.Write(rec.ID, time.Second)
			if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting {
				t.Fatalf("while the file grows: %s, %v", got.State, err)
			}
		}
		of.PBX.Close(rec.ID)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 6*time.Second {
			t.Errorf("after the file was closed: %s, %v; want ready, 6s", got.State, got.Duration)
		}
	})
}

// What a killed PBX left is collected once it has not grown for a while.
func TestFileThatIsNeverClosedIsRepaired(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Late()
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		of.PBX.Elsewhere()
		of.PBX.Hangup(t, caller)
		time.Sleep(44 * time.Second)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting {
			t.Fatalf("44 s after the hangup: %s, %v; want it waited for", got.State, err)
		}
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready {
			t.Fatalf("then: %s (%s)", got.State, got.Reason)
		}
		wav := of.Fetch(t, "22")
		complete, length, err := audio.Files{}.Check(bytes.NewReader(wav), int64(len(wav)))
		if !complete || length != time.Second || err != nil {
			t.Errorf("what leaves: complete %v, %v, %v", complete, length, err)
		}
	})
}

func TestNoAudioIsEmpty(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		callee := of.PBX.Ring(t, "410", "420")
		rec := of.Record(t, "420", "22")
		of.PBX.Pass(time.Second)
		of.PBX.Hangup(t, callee)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Empty {
			t.Errorf("after a call that was not answered: %s (%s), want empty", got.State, got.Reason)
		}
	})
}

func TestArchiveAwayLosesNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.Blobs.Break(recording.Errorf(recording.Unavailable, "the archive is full"))
		rec := of.Finish(t, "22", time.Second)
		if rec.State != recording.Collecting {
			t.Fatalf("with a full archive: %s (%s), want collecting", rec.State, rec.Reason)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Unavailable, "cannot be collected for now: the archive is full")
		of.Blobs.Break(nil)
		time.Sleep(time.Minute)
		of.Fetch(t, "22")
	})
}

// closedSpool may be listed but not read.
type closedSpool struct{ recording.Spool }

func (closedSpool) Open(string) (recording.SpoolFile, error) { return nil, fs.ErrPermission }

func TestSpoolThatCannotBeReadIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		of.Around = func(p recording.PBX) recording.PBX {
			p.Spool = closedSpool{p.Spool}
			return p
		}
		of.Open(t, office.Options{})
		if rec := of.Finish(t, "22", time.Second); rec.State != recording.Collecting {
			t.Fatalf("it is %s (%s), want collecting", rec.State, rec.Reason)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Unavailable, `cannot be collected for now: a file of the PBX "pbx1" cannot be read`)
		office.WantRefusal(t, err, recording.Unavailable, "the folder in its key mount")
	})
}

func TestKeepSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		of.Around = func(p recording.PBX) recording.PBX {
			p.KeepSpool = true
			return p
		}
		of.Open(t, office.Options{})
		rec := of.Finish(t, "22", time.Second)
		f, err := of.PBX.Spool().Open(rec.ID.Hex() + ".wav")
		if err != nil {
			t.Fatalf("keep_spool: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A recording is no shorter than its call because the clock was set during it.
func TestLengthOfTheCallWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock office.Clock
		of := office.New()
		of.Open(t, office.Options{Now: clock.Now})
		of.PBX.Elsewhere()
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.TalkOn(10 * time.Second)
		clock.Step(4 * time.Hour)
		of.Halt(t, "410")
		time.Sleep(time.Second)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Ready {
			t.Errorf("a second after the stop it is %s, %v", got.State, err)
		}
	})
}

// How long something waits is no matter of what the clock says.
func TestWaitingWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock office.Clock
		of := office.New()
		of.Open(t, office.Options{Now: clock.Now})
		of.Talk(t, 10*time.Second, 2*time.Second)
		time.Sleep(time.Second)
		clock.Step(4 * time.Hour)
		if got := of.Book.Figures().Longest; got < time.Second || got > 2*time.Second {
			t.Errorf("after a second it waits for %v", got)
		}
	})
}
