package recorder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"recgate/recorder"
	"recgate/recording"
)

// TestRetrieveRightAfterTheHangup: the caller knows of it sooner than we do,
// and gets this call's recording, not a refusal and not an older call's.
func TestRetrieveRightAfterTheHangup(t *testing.T) {
	for _, during := range []bool{false, true} {
		inOffice(t, recorder.Options{RetrieveDuringCall: during}, func(t *testing.T, of *office) {
			finished(t, of, "22", time.Second)
			caller, _ := of.pbx.Call(t, "410", "411")
			of.start(t, caller, "22")
			of.pbx.Pass(2 * time.Second)
			of.pbx.Hush()
			of.pbx.Hangup(t, caller)
			if wav := of.retrieve(t, "22"); len(wav) != 44+32000 {
				t.Errorf("%d bytes, want the recording of the call that has just ended", len(wav))
			}
		})
	}
}

// TestRetrieveByUniqueIDRightAfterTheHangup: of a recording that was stopped
// before.
func TestRetrieveByUniqueIDRightAfterTheHangup(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, callee := of.pbx.Call(t, "410", "411")
		rec := of.start(t, caller, "22")
		of.pbx.Pass(time.Second)
		of.stop(t, caller)
		of.state(t, rec.ID)
		of.pbx.Hush()
		of.pbx.Hangup(t, caller)
		for _, id := range []string{caller, callee} {
			a, err := of.RetrieveByUniqueID(t.Context(), recording.RetrieveRequest{Key: id, Actor: recording.Actor{Username: "fred"}})
			if err != nil {
				t.Fatalf("RetrieveByUniqueID(%q): %v", id, err)
			}
			if n := len(read(t, a)); n != 44+16000 {
				t.Errorf("RetrieveByUniqueID(%q) gives %d bytes", id, n)
			}
		}
	})
}

// TestRetrieveDuringACallWaitsForNothing: a call that goes on is refused at
// once, and so is one of a PBX that is away.
func TestRetrieveDuringACallWaitsForNothing(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		of.start(t, caller, "22")
		for _, up := range []bool{true, false} {
			if !up {
				of.pbx.Disconnect()
				synctest.Wait()
				of.pbx.HangupUnseen(t, caller)
			}
			begun := time.Now()
			_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
			refused(t, err, recording.NotReady, "in progress")
			if took := time.Since(begun); took > 0 { // of the bubble
				t.Errorf("refused after %v", took)
			}
		}
	})
}
