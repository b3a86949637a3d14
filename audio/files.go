package audio

import (
	"io"
	"time"
)

// Leg is one of two files that belong together. It is an alias, so that other
// packages can name the type without importing this one.
type Leg = struct {
	File  io.ReaderAt
	Size  int64
	Delay time.Duration // after the beginning of the earlier leg, >= 0
}

// Files applies the functions of this package to files. The zero value is ready.
type Files struct{}

// Check reports whether a file's header agrees with its size, and how long its
// sound is. A file that is not a WAV is an error.
func (Files) Check(f io.ReaderAt, size int64) (complete bool, length time.Duration, err error) {
	w, err := Open(f, size)
	if err != nil {
		return false, 0, err
	}
	return w.Complete, w.Duration(), nil
}

// Repair returns a file as it should have been, and how long its sound is.
func (Files) Repair(f io.ReaderAt, size int64) (wav io.Reader, length time.Duration, err error) {
	w, err := Open(f, size)
	if err != nil {
		return nil, 0, err
	}
	return w.Clean(), w.Duration(), nil
}

// Mix adds two files to one mono WAV.
func (Files) Mix(legs [2]Leg) (wav io.Reader, length time.Duration, err error) {
	return joinFiles(legs, Mix)
}

// Stereo keeps two files apart in one WAV, the first left, the second right.
func (Files) Stereo(legs [2]Leg) (wav io.Reader, length time.Duration, err error) {
	return joinFiles(legs, Stereo)
}

func joinFiles(legs [2]Leg, how func(a, b Input) (Stream, error)) (io.Reader, time.Duration, error) {
	var in [2]Input
	for i, leg := range legs {
		w, err := Open(leg.File, leg.Size)
		if err != nil {
			return nil, 0, err
		}
		in[i] = Input{WAV: w, Delay: leg.Delay}
	}
	s, err := how(in[0], in[1])
	if err != nil {
		return nil, 0, err
	}
	return s.Reader, s.Duration, nil
}
