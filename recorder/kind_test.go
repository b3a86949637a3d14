package recorder_test

import (
	"encoding/binary"
	"testing"
	"time"

	"recgate/audio"
	"recgate/recorder"
	"recgate/recording"
)

// A file of another kind is named in the reason and stays; once it was
// converted in its place it is taken up.
func TestFileOfAnotherKind(t *testing.T) {
	inOffice(t, recorder.Options{}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		of.pbx.Pass(2 * time.Second)
		of.pbx.Late() // else it is collected before the next line but some
		of.pbx.Hangup(t, caller)
		good, err := audio.Header(8000, 1, 32000)
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, make([]byte, 32000)...)
		mulaw := append([]byte(nil), good...)
		binary.LittleEndian.PutUint16(mulaw[20:], 7) // µ-law of 8 bit
		binary.LittleEndian.PutUint16(mulaw[34:], 8)
		of.pbx.Scribble(recording.MixedFile(rec.ID), mulaw)
		time.Sleep(2 * time.Minute)
		const want = "what the PBX left in the spool is not a WAV of 16 bit PCM but a WAV of µ-law"
		if got := of.state(t, rec.ID); got.State != recording.Lost || got.Reason.String() != want {
			t.Errorf("it is %s (%s), want lost (%s)", got.State, got.Reason, want)
		}
		unexplained(t, of)
		if names, err := of.pbx.Spool().Names(); err != nil || len(names) != 1 {
			t.Errorf("the spool holds %v, %v; want the file to stay", names, err)
		}
		of.pbx.Scribble(recording.MixedFile(rec.ID), good)
		time.Sleep(2 * time.Minute)
		if got := of.state(t, rec.ID); got.State != recording.Ready || got.Duration != 2*time.Second {
			t.Errorf("after it was converted it is %s (%s) of %v, want ready of 2 s", got.State, got.Reason, got.Duration)
		}
	})
}
