package ledger_test

import (
	"testing"
	"time"

	"recgate/internal/office"
	"recgate/ledger"
	"recgate/recording"
)

func TestOrphansAreCountedAndKept(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		rec := of.Finish(t, "22", time.Second)
		id, err := recording.NewID(time.Now(), office.Zeros{})
		if err != nil {
			t.Fatal(err)
		}
		of.PBX.Leave(recording.MixedFile(id), time.Second)
		of.Blobs.Set(id.Hex()+".wav", []byte("audio"))
		if err := of.Blobs.Remove(t.Context(), rec.Key); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		if got := of.Orphans(); got != (ledger.Orphans{Spool: 1, Archive: 1, Missing: 1}) {
			t.Errorf("counted %+v", got)
		}
		of.Blobs.Set(rec.Key, []byte("restored"))
		if err := of.Blobs.Remove(t.Context(), id.Hex()+".wav"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if got := of.Orphans(); got != (ledger.Orphans{Spool: 1}) {
			t.Errorf("after a restore counted %+v", got)
		}
	})
}
