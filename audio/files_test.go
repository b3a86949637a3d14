package audio_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"recgate/audio"
	"recgate/audio/audiotest"
)

func leg(wav []byte, delay time.Duration) audio.Leg {
	return audio.Leg{File: bytes.NewReader(wav), Size: int64(len(wav)), Delay: delay}
}

func TestFilesCheckAndRepair(t *testing.T) {
	good := audiotest.Tone(400, 1)
	broken := audiotest.Unclosed(good)
	for _, tt := range []struct {
		name     string
		wav      []byte
		complete bool
	}{{"closed", good, true}, {"left by a killed Asterisk", broken, false}} {
		t.Run(tt.name, func(t *testing.T) {
			complete, length, err := audio.Files{}.Check(bytes.NewReader(tt.wav), int64(len(tt.wav)))
			if complete != tt.complete || length != time.Second || err != nil {
				t.Errorf("Check = %v, %v, %v; want %v, 1s, nil", complete, length, err, tt.complete)
			}
			wav, length, err := audio.Files{}.Repair(bytes.NewReader(tt.wav), int64(len(tt.wav)))
			if err != nil || length != time.Second {
				t.Fatalf("Repair = %v, %v", length, err)
			}
			if got, err := io.ReadAll(wav); err != nil || !bytes.Equal(got, good) {
				t.Errorf("repaired to %d bytes, %v; want the %d of the closed file", len(got), err, len(good))
			}
		})
	}
	if _, _, err := (audio.Files{}).Check(bytes.NewReader([]byte("no")), 2); err == nil {
		t.Error("Check of two letters succeeds")
	}
}

func TestFilesJoin(t *testing.T) {
	legs := [2]audio.Leg{leg(audiotest.Tone(400, 1), 0), leg(audiotest.Tone(600, 1), time.Second)}
	wav, length, err := audio.Files{}.Mix(legs)
	if err != nil || length != 2*time.Second {
		t.Fatalf("Mix = %v, %v; want 2s", length, err)
	}
	mono, err := io.ReadAll(wav)
	if err != nil || len(mono) != audio.HeaderBytes+2*16000 {
		t.Errorf("mixed %d bytes, %v", len(mono), err)
	}
	wav, length, err = audio.Files{}.Stereo(legs)
	if err != nil || length != 2*time.Second {
		t.Fatalf("Stereo = %v, %v; want 2s", length, err)
	}
	if stereo, err := io.ReadAll(wav); err != nil || len(stereo) != audio.HeaderBytes+2*32000 {
		t.Errorf("stereo %d bytes, %v", len(stereo), err)
	}
	legs[1].Size = 10
	if _, _, err := (audio.Files{}).Mix(legs); err == nil {
		t.Error("Mix of a leg that is cut short succeeds")
	}
}
