package sim

import (
	"encoding/binary"
	"math"
)

// Audio is linear PCM: 8000 samples of 16 bits a second, one channel.
const (
	rate     = 8000
	loudness = 8000 // amplitude of one tone; four together do not clip
	cycle    = rate * 1000
)

// sine holds one period of a tone, a sample for each phase of rate.
var sine = func() [rate]int16 {
	var table [rate]int16
	for i := range table {
		table[i] = int16(math.Round(loudness * math.Sin(2*math.Pi*float64(i)/rate)))
	}
	return table
}()

// Tone makes the telephones of an extension send a tone of hz hertz from now
// on, in live calls too; 0 is silence. By default extension ABC sends
// A*100 + C*200 Hz (410: 400, 411: 600, 500: 500, 501: 700), and others 440.
func (s *Server) Tone(ext string, hz float64) {
	defer s.change()()
	if s.fault.tones == nil {
		s.fault.tones = map[string]float64{}
	}
	s.fault.tones[ext] = hz
	for _, ch := range s.world.byID {
		if ch.ext == ext && ch.other == nil {
			ch.hertz = hz
		}
	}
}

// toneOf returns the tone of an extension.
func (f *faults) toneOf(ext string) float64 {
	if hz, set := f.tones[ext]; set {
		return hz
	}
	return defaultTone(ext)
}

// appendTones appends n samples of the sum of tones. from is the number of
// the first sample, so that one piece continues the other.
func appendTones(b []byte, tones []float64, from, n int64) []byte {
	if len(tones) == 0 {
		return append(b, make([]byte, 2*n)...)
	}
	var phase, step [8]int64
	tones = tones[:min(len(tones), len(phase))]
	for i, hz := range tones {
		step[i] = int64(math.Round(hz*1000)) % cycle
		phase[i] = from % cycle * step[i] % cycle
	}
	for range n {
		sum := int32(0)
		for i := range tones {
			sum += int32(sine[phase[i]/1000])
			if phase[i] += step[i]; phase[i] >= cycle {
				phase[i] -= cycle
			}
		}
		sum = max(math.MinInt16, min(math.MaxInt16, sum))
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(sum)))
	}
	return b
}
