package audio_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recgate/audio"
	"recgate/audio/audiotest"
)

func mono(t testing.TB, samples ...int16) *audio.WAV {
	return open(t, audiotest.File(audiotest.Rate, 1, samples))
}

func decode(t testing.TB, file []byte, channel int) []int16 {
	t.Helper()
	samples, _, err := audiotest.Decode(file, channel)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func TestMix(t *testing.T) {
	const top, bottom = math.MaxInt16, math.MinInt16
	sample := time.Second / audiotest.Rate
	for _, tt := range []struct {
		name   string
		a, b   []int16
		da, db time.Duration
		want   []int16
	}{
		{"a sum", []int16{1, -2, 300}, []int16{10, 20, -300}, 0, 0, []int16{11, 18, 0}},
		{"a quiet voice is not halved", []int16{7, 7}, []int16{0, 0}, 0, 0, []int16{7, 7}},
		{"held at the top", []int16{top, top, 20000}, []int16{top, 1, 20000}, 0, 0, []int16{top, top, top}},
		{"held at the bottom", []int16{bottom, bottom}, []int16{bottom, -1}, 0, 0, []int16{bottom, bottom}},
		{"a shorter leg", []int16{1, 2, 3}, []int16{1}, 0, 0, []int16{2, 2, 3}},
		{"a later leg", []int16{1, 2, 3}, []int16{1}, 0, 2 * sample, []int16{1, 2, 4}},
		{"a leg after the other's end", []int16{1}, []int16{5}, 0, 3 * sample, []int16{1, 0, 0, 5}},
		{"both later", []int16{1}, []int16{5}, sample, sample, []int16{0, 6}},
		{"rounded", []int16{1}, []int16{5}, 0, sample - 2*time.Microsecond, []int16{1, 5}},
		{"an empty leg", nil, []int16{5}, 0, 0, []int16{5}},
		{"both empty", nil, nil, 0, 0, []int16{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mixed, err := audio.Mix(audio.Input{WAV: mono(t, tt.a...), Delay: tt.da}, audio.Input{WAV: mono(t, tt.b...), Delay: tt.db})
			if err != nil {
				t.Fatal(err)
			}
			file := readAll(t, mixed)
			if diff := cmp.Diff(tt.want, decode(t, file, 0)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if w := open(t, file); !w.Complete || w.Duration() != mixed.Duration || int64(len(file)) != mixed.Bytes {
				t.Errorf("announced %v and %d bytes, got %+v of %d", mixed.Duration, mixed.Bytes, w, len(file))
			}
		})
	}
}

func TestStereo(t *testing.T) {
	kept, err := audio.Stereo(audio.Input{WAV: mono(t, 1, 2, 3), Delay: time.Second / audiotest.Rate}, audio.Input{WAV: mono(t, 9)})
	if err != nil {
		t.Fatal(err)
	}
	file := readAll(t, iotest.OneByteReader(kept))
	if diff := cmp.Diff([]int16{0, 1, 2, 3}, decode(t, file, 0)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int16{9, 0, 0, 0}, decode(t, file, 1)); diff != "" {
		t.Errorf("right (-want +got):\n%s", diff)
	}
	if kept.Bytes != int64(len(file)) || kept.Duration != 4*time.Second/audiotest.Rate {
		t.Errorf("announced %d bytes and %v", kept.Bytes, kept.Duration)
	}
}

func TestMixRefuses(t *testing.T) {
	good := mono(t, 1, 2)
	for _, tt := range []struct {
		name string
		b    audio.Input
		want error
	}{
		{"another rate", audio.Input{WAV: open(t, audiotest.File(16000, 1, nil))}, audio.ErrFormat},
		{"two channels", audio.Input{WAV: open(t, audiotest.File(8000, 2, nil))}, audio.ErrFormat},
		{"a negative delay", audio.Input{WAV: good, Delay: -1}, audio.ErrFormat},
		{"a delay of days", audio.Input{WAV: good, Delay: 100 * time.Hour}, audio.ErrTooLong},
		{"a delay of centuries", audio.Input{WAV: good, Delay: math.MaxInt64}, audio.ErrTooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, join := range []func(a, b audio.Input) (audio.Stream, error){audio.Mix, audio.Stereo} {
				if _, err := join(audio.Input{WAV: good}, tt.b); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			}
		})
	}
}

// TestTonesOfAMix mixes the two voices of a killed recording: both are there,
// with the power of each, although the headers say 0.
func TestTonesOfAMix(t *testing.T) {
	spoken := audio.Input{WAV: open(t, audiotest.Unclosed(audiotest.Tone(400, 3)))}
	heard := audio.Input{WAV: open(t, audiotest.Unclosed(audiotest.Tone(600, 3)))}
	mixed, err := audio.Mix(spoken, heard)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := audio.Stereo(spoken, heard)
	if err != nil {
		t.Fatal(err)
	}
	mix, stereo := readAll(t, mixed), readAll(t, kept)
	for _, tt := range []struct {
		name     string
		file     []byte
		channel  int
		hz       float64
		min, max float64
	}{
		{"spoken in the mix", mix, 0, 400, 49, 51},
		{"heard in the mix", mix, 0, 600, 49, 51},
		{"nothing else in the mix", mix, 0, 500, 0, 1},
		{"spoken is left", stereo, 0, 400, 99, 101},
		{"heard is right", stereo, 1, 600, 99, 101},
		{"spoken is not right", stereo, 1, 400, 0, 1},
	} {
		got, err := audiotest.Share(tt.file, tt.channel, tt.hz)
		if err != nil || got < tt.min || got > tt.max {
			t.Errorf("%s: %.2f %% (%v), want %.0f to %.0f", tt.name, got, err, tt.min, tt.max)
		}
	}
}

// TestFullScaleTones: two tones at full scale are held, and never turn over,
// which would put a step of the whole range between two samples.
func TestFullScaleTones(t *testing.T) {
	a := audiotest.Samples(audiotest.Rate, 400, 1, 1)
	mixed, err := audio.Mix(audio.Input{WAV: mono(t, a...)}, audio.Input{WAV: mono(t, a...)})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range decode(t, readAll(t, mixed), 0) {
		if want := min(max(2*int(a[i]), math.MinInt16), math.MaxInt16); int(s) != want {
			t.Fatalf("sample %d is %d, want %d", i, s, want)
		}
	}
}

// TestMixIsTheSumOfTheParts compares block-wise mixing with the plain sum,
// across the border of a block.
func TestMixIsTheSumOfTheParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.Float64Range(0, 1)
		var legs [2][]int16
		var in [2]audio.Input
		var frames int
		for i := range legs {
			sound := audiotest.Samples(audiotest.Rate, rapid.Float64Range(50, 3900).Draw(t, "hz"),
				rapid.Float64Range(0, 5).Draw(t, "seconds"), level.Draw(t, "level"))
			late := rapid.IntRange(0, 20000).Draw(t, "late")
			file := audiotest.File(audiotest.Rate, 1, sound)
			w, err := audio.Open(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			legs[i] = append(make([]int16, late), sound...)
			in[i] = audio.Input{WAV: w, Delay: time.Duration(late) * time.Second / audiotest.Rate}
			frames = max(frames, len(legs[i]))
		}
		mixed, err := audio.Mix(in[0], in[1])
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(mixed)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := audiotest.Decode(file, 0)
		if err != nil || len(got) != frames {
			t.Fatalf("%d frames (%v), want %d", len(got), err, frames)
		}
		for i := range got {
			want := 0
			for _, l := range legs {
				if i < len(l) {
					want += int(l[i])
				}
			}
			if want = min(max(want, math.MinInt16), math.MaxInt16); int(got[i]) != want {
				t.Fatalf("frame %d is %d, want %d", i, got[i], want)
			}
		}
	})
}

func BenchmarkMix(b *testing.B) {
	one, two := audiotest.Tone(400, 600), audiotest.Tone(600, 600)
	b.SetBytes(int64(len(one)))
	b.ReportAllocs()
	for b.Loop() {
		mixed, err := audio.Mix(audio.Input{WAV: open(b, one)}, audio.Input{WAV: open(b, two)})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, mixed); err != nil {
			b.Fatal(err)
		}
	}
}
