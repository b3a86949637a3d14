package retrieve_test

import (
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// However many recordings of a tag are on their way, a caller waits once.
func TestRetrieveWaitsOnce(t *testing.T) {
	office.InStalled(t, office.Options{}, func(t *testing.T, of *office.Office) {
		began := time.Now()
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "stalled", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.NotReady, "still being collected")
		if took := time.Since(began); took > 3100*time.Millisecond {
			t.Errorf("the caller waited for %v", took)
		}
	})
}

// The wait for the newest does not hide that an older one is ready.
func TestRetrieveOlderThanOneThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := office.New()
		slow := &office.SlowBlobs{Blobs: of.Blobs}
		of.Archive = slow
		of.Open(t, office.Options{})
		older, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, older, "22")
		of.PBX.Pass(time.Second)
		slow.Before(func() { time.Sleep(2 * time.Second) }, func() { time.Sleep(time.Hour) })
		of.PBX.Hangup(t, older)
		synctest.Wait()
		newer, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, newer, "22")
		of.PBX.Pass(2 * time.Second)
		of.PBX.Hangup(t, newer)
		synctest.Wait()
		if wav := of.Fetch(t, "22"); len(wav) != 44+16000 {
			t.Errorf("%d bytes, want the older recording: the newer one is stuck", len(wav))
		}
		time.Sleep(2 * time.Hour)
	})
}
