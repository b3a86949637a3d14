package audio_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"recgate/audio"
	"recgate/audio/audiotest"
)

// FuzzLegs: two files of whatever bytes are joined to a sound WAV of the length
// that was promised, or refused; they are never a panic, nor endless.
func FuzzLegs(f *testing.F) {
	tone := audiotest.Tone(400, 0.01)
	f.Add(tone, audiotest.Unclosed(tone), uint16(20))
	f.Add(tone[:44], tone, uint16(0))
	f.Add(tone[:50], riff(chunk("fmt ", extensibleFormat(1, guidTail)), chunk("data", []byte("12"))), uint16(1000))
	f.Fuzz(func(t *testing.T, a, b []byte, delay uint16) {
		legs := [2]audio.Leg{
			{File: bytes.NewReader(a), Size: int64(len(a))},
			{File: bytes.NewReader(b), Size: int64(len(b)), Delay: time.Duration(delay) * time.Millisecond},
		}
		for _, join := range []func([2]audio.Leg) (io.Reader, time.Duration, error){audio.Files{}.Mix, audio.Files{}.Stereo} {
			joined, length, err := join(legs)
			if err != nil {
				continue
			}
			// A low rate in a header makes little silence of a long delay, a high one 65 s at most.
			const most = 1 << 20
			head, err := io.ReadAll(io.LimitReader(joined, most+1))
			if err != nil {
				t.Fatalf("reading what was promised: %v", err)
			}
			if len(head) > most {
				continue
			}
			complete, got, err := audio.Files{}.Check(bytes.NewReader(head), int64(len(head)))
			if err != nil || !complete || got != length {
				t.Errorf("complete: %v, %v long, promised %v: %v", complete, got, length, err)
			}
		}
	})
}
