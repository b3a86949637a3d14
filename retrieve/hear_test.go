package retrieve_test

import (
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// TestRetrieveRightAfterTheHangup: the caller knows of it sooner than we do,
// and gets this call's recording, not a refusal and not an older call's.
func TestRetrieveRightAfterTheHangup(t *testing.T) {
	for _, during := range []bool{false, true} {
		office.In(t, office.Options{DuringCall: during}, func(t *testing.T, of *office.Office) {
			of.Finish(t, "22", time.Second)
			caller, _ := of.PBX.Call(t, "410", "411")
			of.Record(t, caller, "22")
			of.PBX.Pass(2 * time.Second)
			of.PBX.Hush()
			of.PBX.Hangup(t, caller)
			if wav := of.Fetch(t, "22"); len(wav) != 44+32000 {
				t.Errorf("%d bytes, want the recording of the call that has just ended", len(wav))
			}
		})
	}
}

// TestRetrieveByUniqueIDRightAfterTheHangup: of a recording that was stopped
// before.
func TestRetrieveByUniqueIDRightAfterTheHangup(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, callee := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, caller, "22")
		of.PBX.Pass(time.Second)
		of.Halt(t, caller)
		of.AwaitSettled(t, rec.ID)
		of.PBX.Hush()
		of.PBX.Hangup(t, caller)
		for _, id := range []string{caller, callee} {
			a, err := of.RetrieveByUniqueID(t.Context(), recording.RetrieveRequest{Key: id, Actor: recording.Actor{Username: "fred"}})
			if err != nil {
				t.Fatalf("RetrieveByUniqueID(%q): %v", id, err)
			}
			if n := len(office.Read(t, a)); n != 44+16000 {
				t.Errorf("RetrieveByUniqueID(%q) gives %d bytes", id, n)
			}
		}
	})
}

// TestRetrieveDuringACallWaitsForNothing: a call that goes on is refused at
// once, and so is one of a PBX that is away.
func TestRetrieveDuringACallWaitsForNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, caller, "22")
		for _, up := range []bool{true, false} {
			if !up {
				of.PBX.Disconnect()
				synctest.Wait()
				of.PBX.HangupUnseen(t, caller)
			}
			begun := time.Now()
			_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
			office.WantRefusal(t, err, recording.NotReady, "in progress")
			if took := time.Since(begun); took > 0 { // of the bubble
				t.Errorf("refused after %v", took)
			}
		}
	})
}
