// Package audiotest makes tones and finds them again, so that a test can
// prove whose voice a file holds instead of trusting its size. Tone makes a
// WAV of one frequency; Share says how much of a WAV is that frequency.
package audiotest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"recgate/audio"
)

// Rate is what telephones use: 8000 samples per second.
const Rate = 8000

// Samples returns a sine of hz at the rate, level times full scale (0 to 1).
func Samples(rate int, hz, seconds, level float64) []int16 {
	s := make([]int16, int(math.Round(seconds*float64(rate))))
	for i := range s {
		s[i] = int16(math.Round(level * math.MaxInt16 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return s
}

// File returns the samples (interleaved, if there are several channels) as a
// WAV with a good header. It panics on what no header can say.
func File(rate, channels int, samples []int16) []byte {
	data := Bytes(samples)
	head, err := audio.Header(rate, channels, int64(len(data)))
	if err != nil {
		panic(err)
	}
	return append(head, data...)
}

// Bytes returns the samples as they stand in a WAV file.
func Bytes(samples []int16) []byte {
	b := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// Tone returns a mono WAV of 8 kHz that holds a sine of hz at a quarter of
// full scale, so that two of them can be added without clipping.
func Tone(hz, seconds float64) []byte {
	return File(Rate, 1, Samples(Rate, hz, seconds, 0.25))
}

// Unclosed returns a copy of a WAV with the sizes in its header 0, as
// Asterisk leaves them while it records and when it is killed.
func Unclosed(wav []byte) []byte {
	b := bytes.Clone(wav)
	clear(b[4:8])
	clear(b[40:44])
	return b
}

// Decode returns the samples of one channel (0 is left) of a WAV and its rate.
func Decode(wav []byte, channel int) ([]int16, int, error) {
	w, err := audio.Open(bytes.NewReader(wav), int64(len(wav)))
	if err != nil {
		return nil, 0, err
	}
	if channel < 0 || channel >= w.Channels {
		return nil, 0, fmt.Errorf("no channel %d among %d", channel, w.Channels)
	}
	clean, err := io.ReadAll(w.Clean())
	if err != nil {
		return nil, 0, err
	}
	samples := make([]int16, w.Frames())
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(clean[audio.HeaderBytes+2*(i*w.Channels+channel):]))
	}
	return samples, w.Rate, nil
}
