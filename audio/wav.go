// Package audio reads and writes sound as bytes: WAV files with PCM of 16
// bit, the only kind that recgate keeps. It is lenient with what comes (a
// killed PBX leaves headers whose sizes are 0) and strict with what leaves
// (a header of 44 bytes that agrees with the samples after it). Nothing is
// ever held in memory as a whole. Start reading at Open; Clean, Mix and
// Stereo are the three ways out. The package has never heard of a recording.
package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// What can be wrong with a file. Errors of this package wrap one of these,
// or the error of the reader.
var (
	// ErrShort means that the file ends before its samples could begin. A
	// file that is still being written may look so for a moment.
	ErrShort = errors.New("the WAV file is cut short")
	// ErrNotWAV means that the bytes are not a RIFF/WAVE file.
	ErrNotWAV = errors.New("not a WAV file")
	// ErrFormat means that the samples are not PCM of 16 bit, or that two
	// files that were to be joined do not fit together.
	ErrFormat = errors.New("unsupported WAV format")
	// ErrTooLong means that a WAV header cannot hold the length.
	ErrTooLong = errors.New("too long for a WAV file")
)

// Limits of what is accepted. No telephone goes near them; they keep the
// byte rate inside the 32 bits that a header has for it.
const (
	maxRate     = 384_000
	maxChannels = 8
)

// WAV is an open file of PCM 16 bit. It holds no more than the header; the
// samples are read from the io.ReaderAt when somebody asks for them.
type WAV struct {
	Rate       int   // samples per second and channel
	Channels   int   // 1 is mono
	DataOffset int64 // where the samples begin in the file
	DataBytes  int64 // bytes of samples that are there, whole frames only
	// Complete means that the data size in the header is what the file has: the
	// writer has closed it. A file of 44 bytes with data size 0 is complete and
	// empty; a file that Asterisk has just created looks the same.
	Complete bool

	file io.ReaderAt
}

// Open reads the header of a WAV file of size bytes. Unknown chunks are
// skipped, whatever their order. When the data size is 0, 0xFFFFFFFF or
// disagrees with the file, the samples are taken to reach to the end of the
// file. An incomplete last frame and anything after the samples are dropped.
// The file stays the caller's to close, after the last read of what Clean,
// Mix or Stereo return.
func Open(f io.ReaderAt, size int64) (*WAV, error) {
	if size < riffBytes {
		return nil, fmt.Errorf("%w: %d < %d bytes", ErrShort, size, riffBytes)
	}
	var head [riffBytes]byte
	if err := readAt(f, head[:], 0); err != nil {
		return nil, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, notRIFF(head[:])
	}
	w := &WAV{file: f}
	if err := w.scan(size); err != nil {
		return nil, err
	}
	if w.DataBytes > maxDataBytes {
		return nil, fmt.Errorf("%w: %d bytes of samples", ErrTooLong, w.DataBytes)
	}
	w.DataBytes -= w.DataBytes % int64(w.frameBytes())
	return w, nil
}

// Frames returns the number of samples per channel.
func (w *WAV) Frames() int64 { return w.DataBytes / int64(w.frameBytes()) }

// Duration returns how long the sound is.
func (w *WAV) Duration() time.Duration { return durationOf(w.Frames(), w.Rate) }

// Clean returns the file as it should have been: a header of 44 bytes that
// agrees with its size, then the samples. Should the file have shrunk in the
// meantime, the reader ends with io.ErrUnexpectedEOF instead of quietly.
func (w *WAV) Clean() io.Reader {
	return io.MultiReader(header(w.Rate, w.Channels, w.DataBytes), w.samples())
}

// samples reads the sound without the header.
func (w *WAV) samples() io.Reader {
	return &exactReader{from: io.NewSectionReader(w.file, w.DataOffset, w.DataBytes), left: w.DataBytes}
}

func (w *WAV) frameBytes() int { return w.Channels * sampleBytes }

// setFormat takes the content of a "fmt " chunk (Microsoft's WAVEFORMATEX and
// WAVEFORMATEXTENSIBLE in mmreg.h). Block alignment and byte rate follow
// from the other fields and are not believed.
func (w *WAV) setFormat(b []byte) error {
	tag := binary.LittleEndian.Uint16(b)
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := binary.LittleEndian.Uint32(b[4:])
	bits := binary.LittleEndian.Uint16(b[14:])
	if tag == formatExtensible && len(b) >= fmtExtensibleBytes && string(b[26:40]) == pcmGUIDTail {
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	switch {
	case tag != formatPCM || bits != 8*sampleBytes:
		return otherFormat(tag, bits)
	case channels < 1 || channels > maxChannels:
		return fmt.Errorf("%w: %d channels, wanted 1 to %d", ErrFormat, channels, maxChannels)
	case rate < 1 || rate > maxRate:
		return fmt.Errorf("%w: %d samples per second, wanted 1 to %d", ErrFormat, rate, maxRate)
	}
	w.Rate, w.Channels = int(rate), channels
	return nil
}

// exactReader reads a known number of bytes. It is an error if there are fewer: the
// header has promised them already.
type exactReader struct {
	from io.Reader
	left int64
}

func (e *exactReader) Read(p []byte) (int, error) {
	n, err := e.from.Read(p)
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		err = fmt.Errorf("%w: %d bytes of samples are gone: %w", ErrShort, e.left, io.ErrUnexpectedEOF)
	}
	return n, err
}

// readAt fills b, or says what is missing.
func readAt(f io.ReaderAt, b []byte, at int64) error {
	n, err := f.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF) || err == nil:
		return fmt.Errorf("%w: %d of %d bytes at %d", ErrShort, n, len(b), at)
	}
	return fmt.Errorf("read the WAV header: %w", err)
}

func durationOf(frames int64, rate int) time.Duration {
	whole, rest := frames/int64(rate), frames%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}
