package collect_test

import (
	"encoding/binary"
	"testing"
	"time"

	"recgate/audio"
	"recgate/internal/office"
	"recgate/recording"
)

// A file of another kind is named in the reason and stays; once it was
// converted in its place it is taken up.
func TestFileOfAnotherKind(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(2 * time.Second)
		of.PBX.Late() // else it is collected before the next line but some
		of.PBX.Hangup(t, caller)
		good, err := audio.Header(8000, 1, 32000)
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, make([]byte, 32000)...)
		mulaw := append([]byte(nil), good...)
		binary.LittleEndian.PutUint16(mulaw[20:], 7) // µ-law of 8 bit
		binary.LittleEndian.PutUint16(mulaw[34:], 8)
		of.PBX.Scribble(recording.MixedFile(rec.ID), mulaw)
		time.Sleep(2 * time.Minute)
		const want = "what the PBX left in the spool is not a WAV of 16 bit PCM but a WAV of µ-law"
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Lost || got.Reason.String() != want {
			t.Errorf("it is %s (%s), want lost (%s)", got.State, got.Reason, want)
		}
		of.WantUnexplained(t)
		if names, err := of.PBX.Spool().Names(); err != nil || len(names) != 1 {
			t.Errorf("the spool holds %v, %v; want the file to stay", names, err)
		}
		of.PBX.Scribble(recording.MixedFile(rec.ID), good)
		time.Sleep(2 * time.Minute)
		if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || got.Duration != 2*time.Second {
			t.Errorf("after it was converted it is %s (%s) of %v, want ready of 2 s", got.State, got.Reason, got.Duration)
		}
	})
}
