package recorder_test

import (
	"testing"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

func TestHangupBehindASlowArchive(t *testing.T) {
	office.InStalled(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Hangup(t, caller)
		time.Sleep(100 * time.Millisecond)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting || got.InProgress() {
			t.Errorf("after the hangup it is %s, in progress %v, %v", got.State, got.InProgress(), err)
		}
	})
}

func TestMaxLengthBehindASlowArchive(t *testing.T) {
	office.InStalled(t, office.Options{MaxLength: time.Minute}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		time.Sleep(time.Minute + 100*time.Millisecond)
		if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.Reason.String() != "reached max_seconds" {
			t.Errorf("it is %s (%s), %v", got.State, got.Reason, err)
		}
	})
}

// A missed hangup is what a sweep finds, and the first thing after a connection.
func TestSweepBehindASlowArchive(t *testing.T) {
	for name, after := range map[string]func(of *office.Office){
		"a sweep": func(*office.Office) { time.Sleep(25 * time.Second) },
		"a connection": func(of *office.Office) {
			of.PBX.Disconnect()
			of.PBX.Connect()
			time.Sleep(100 * time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			office.InStalled(t, office.Options{}, func(t *testing.T, of *office.Office) {
				time.Sleep(3 * time.Minute) // those who look after the files have come to the archive, too
				caller, _ := of.PBX.Call(t, "410", "411")
				rec := of.Record(t, "410", "22")
				of.PBX.HangupUnseen(t, caller)
				after(of)
				if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Collecting || got.InProgress() {
					t.Errorf("it is %s (%s), in progress %v, %v", got.State, got.Reason, got.InProgress(), err)
				}
			})
		})
	}
}
