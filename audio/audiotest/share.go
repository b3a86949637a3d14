package audiotest

import "math"

// The signal is looked at in blocks of a tenth of a second, in which
// frequencies can be told apart to 10 Hz; a tone that codecs and clocks have
// moved a little, or that pauses, is still found.
const (
	blocksPerSecond = 10
	nearHz          = 25.0
)

// Share returns which part of the power of one channel (0 is left) of a WAV
// lies within 25 Hz of hz, in percent. Silence has a share of 0 of anything.
func Share(wav []byte, channel int, hz float64) (float64, error) {
	samples, rate, err := Decode(wav, channel)
	if err != nil {
		return 0, err
	}
	return SampleShare(samples, rate, hz), nil
}

// SampleShare is Share for samples at hand. An incomplete last block is left
// out.
func SampleShare(samples []int16, rate int, hz float64) float64 {
	var near, all float64
	n := rate / blocksPerSecond
	step := float64(rate) / float64(n)
	for ; len(samples) >= n && n > 0; samples = samples[n:] {
		block := samples[:n]
		for _, s := range block {
			all += float64(s) * float64(s)
		}
		first := math.Ceil((hz - nearHz) / step)
		for bin := first; bin*step <= hz+nearHz; bin++ {
			near += goertzel(block, bin/float64(n))
		}
	}
	if all == 0 {
		return 0
	}
	return 100 * near / all
}

// goertzel returns the energy of the block at a frequency (in cycles per
// sample), in the measure of the sum of the squares of its samples
// (Goertzel 1958). Both halves of the spectrum are counted.
func goertzel(block []int16, cycles float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*cycles)
	var s1, s2 float64
	for _, x := range block {
		s1, s2 = float64(x)+coefficient*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coefficient*s1*s2
	return 2 * power / float64(len(block))
}
