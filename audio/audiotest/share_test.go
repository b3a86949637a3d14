package audiotest_test

import (
	"math"
	"testing"

	"recgate/audio/audiotest"
)

func TestShare(t *testing.T) {
	quiet := audiotest.Samples(audiotest.Rate, 400, 1, 0.01)
	pause := append(append(quiet[:len(quiet):len(quiet)], make([]int16, 12345)...), quiet...)
	for _, tt := range []struct {
		name    string
		samples []int16
		hz      float64
		want    float64
	}{
		{"the tone", audiotest.Samples(audiotest.Rate, 400, 1, 0.5), 400, 100},
		{"beside the tone", audiotest.Samples(audiotest.Rate, 400, 1, 0.5), 500, 0},
		{"another place", audiotest.Samples(audiotest.Rate, 400, 1, 0.5), 3000, 0},
		{"a tone between the bins", audiotest.Samples(audiotest.Rate, 405, 1, 0.5), 400, 92},
		{"a tone that pauses", pause, 400, 100},
		{"silence", make([]int16, 8000), 400, 0},
		{"nothing", nil, 400, 0},
		{"a square wave's base", square(400), 400, 82},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := audiotest.SampleShare(tt.samples, audiotest.Rate, tt.hz); math.Abs(got-tt.want) > 2.5 {
				t.Errorf("%.2f %%, want %.0f", got, tt.want)
			}
		})
	}
}

func square(hz float64) []int16 {
	s := audiotest.Samples(audiotest.Rate, hz, 1, 1)
	for i := range s {
		s[i] = 10000
		if (i*int(2*hz)/audiotest.Rate)%2 == 1 {
			s[i] = -10000
		}
	}
	return s
}

func TestDecodeRefuses(t *testing.T) {
	if _, _, err := audiotest.Decode([]byte("no sound"), 0); err == nil {
		t.Error("text was decoded")
	}
	if _, err := audiotest.Share(audiotest.Tone(400, 1), 1, 400); err == nil {
		t.Error("a mono file has a right channel")
	}
}
