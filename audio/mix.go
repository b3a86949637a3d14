package audio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"
)

// Input is one of two mono files that are joined.
type Input struct {
	WAV   *WAV
	Delay time.Duration // silence before it begins, >= 0
}

// Stream is a WAV in the making: read it once, to the end.
type Stream struct {
	io.Reader
	Bytes    int64 // that the reader gives, header included
	Duration time.Duration
}

// Mix adds two mono files to one. It is as long as the later end of the two;
// where one has no sound yet or any more, silence takes its place. Files of
// different rates or with several channels are ErrFormat.
//
// The sum is exact wherever it fits into 16 bit and held at full scale where
// it does not. Halving both (as sox -m does) would make a quiet caller half
// as loud only because there is another leg, and a limiter would change
// samples that are not at fault. Holding is also what Asterisk's own mixer
// does, so a mix made here sounds like a MixMonitor file of the same call.
func Mix(a, b Input) (Stream, error) { return join(a, b, 1, add) }

// Stereo keeps two mono files apart: a is left, b is right. Lengths, delays
// and errors are as for Mix.
func Stereo(a, b Input) (Stream, error) { return join(a, b, 2, interleave) }

// blockFrames is how much of each leg is joined at a time: two seconds at
// 8 kHz, 32 KiB of a mono file, as Asterisk writes it.
const blockFrames = 16 * 1024

// join checks that the two fit and prepares the reader that combines them.
func join(a, b Input, channels int, combine func(out, a, b []byte)) (Stream, error) {
	if a.WAV.Rate != b.WAV.Rate {
		return Stream{}, fmt.Errorf("%w: legs of %d and %d samples per second", ErrFormat, a.WAV.Rate, b.WAV.Rate)
	}
	rate := a.WAV.Rate
	var legs [2]leg
	var frames int64
	for i, in := range []Input{a, b} {
		if in.WAV.Channels != 1 {
			return Stream{}, fmt.Errorf("%w: a leg of %d channels, wanted mono", ErrFormat, in.WAV.Channels)
		}
		if in.Delay < 0 {
			return Stream{}, fmt.Errorf("%w: a leg with the negative delay %v", ErrFormat, in.Delay)
		}
		silence := framesIn(in.Delay, rate)
		legs[i] = leg{silence: silence * sampleBytes, sound: in.WAV.DataBytes, from: in.WAV.samples()}
		frames = max(frames, silence+in.WAV.Frames())
	}
	size := frames * int64(channels*sampleBytes)
	head, err := Header(rate, channels, size)
	if err != nil {
		return Stream{}, err
	}
	return Stream{
		Reader:   &joiner{legs: legs, left: frames, channels: channels, combine: combine, ready: head},
		Bytes:    HeaderBytes + size,
		Duration: durationOf(frames, rate),
	}, nil
}

// framesIn returns the frames in d, rounded to the nearest.
func framesIn(d time.Duration, rate int) int64 {
	whole := int64(d/time.Second) * int64(rate)
	return whole + (int64(d%time.Second)*int64(rate)+int64(time.Second)/2)/int64(time.Second)
}

// leg is a mono stream: silence, then the sound, then silence forever.
type leg struct {
	silence, sound int64 // bytes left of each
	from           io.Reader
}

// fill sets the whole of p.
func (l *leg) fill(p []byte) error {
	n := min(int64(len(p)), l.silence)
	l.silence -= n
	clear(p[:n])
	p = p[n:]
	n = min(int64(len(p)), l.sound)
	l.sound -= n
	if _, err := io.ReadFull(l.from, p[:n]); err != nil {
		return fmt.Errorf("read a leg: %w", err)
	}
	clear(p[n:])
	return nil
}

// joiner reads both legs block by block and combines them.
type joiner struct {
	legs     [2]leg
	left     int64 // frames
	channels int
	combine  func(out, a, b []byte)

	ready []byte // combined and not yet read; the header at first
	room  []byte // what ready is cut from, once there is a block
	err   error
}

// Read implements io.Reader.
func (j *joiner) Read(p []byte) (int, error) {
	if len(j.ready) == 0 && j.err == nil {
		j.err = j.joinBlock()
	}
	if j.err != nil {
		return 0, j.err
	}
	n := copy(p, j.ready)
	j.ready = j.ready[n:]
	return n, nil
}

// joinBlock combines the next block; io.EOF after the last one.
func (j *joiner) joinBlock() error {
	n := int(min(j.left, blockFrames)) * sampleBytes
	if n == 0 {
		return io.EOF
	}
	if j.room == nil {
		j.room = make([]byte, n*(2+j.channels))
	}
	a, b, out := j.room[:n], j.room[n:2*n], j.room[2*n:n*(2+j.channels)]
	for i, p := range [][]byte{a, b} {
		if err := j.legs[i].fill(p); err != nil {
			return err
		}
	}
	j.combine(out, a, b)
	j.ready, j.left = out, j.left-int64(n/sampleBytes)
	return nil
}

// add writes the sums of the samples of a and b, held at full scale.
func add(out, a, b []byte) {
	for i := 0; i+sampleBytes <= len(out); i += sampleBytes {
		sum := int32(int16(binary.LittleEndian.Uint16(a[i:]))) + int32(int16(binary.LittleEndian.Uint16(b[i:])))
		sum = min(max(sum, math.MinInt16), math.MaxInt16)
		binary.LittleEndian.PutUint16(out[i:], uint16(sum))
	}
}

// interleave writes the samples of a and b in turn.
func interleave(out, a, b []byte) {
	for i := 0; i+sampleBytes <= len(a); i += sampleBytes {
		copy(out[2*i:], a[i:i+sampleBytes])
		copy(out[2*i+sampleBytes:], b[i:i+sampleBytes])
	}
}
