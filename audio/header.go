package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// HeaderBytes is the length of the header that Header writes.
const HeaderBytes = 44

// maxDataBytes is the most that fits: the RIFF size counts 36 bytes of
// header and a possible padding byte too, in 32 bits.
const maxDataBytes = math.MaxUint32 - (HeaderBytes - chunkBytes) - 1

// Header returns the 44 bytes in front of dataBytes bytes of PCM 16 bit.
// It refuses what no header can say: ErrTooLong over 4 GiB, ErrFormat for
// a number of channels, a rate or half a frame that make no sense.
func Header(rate, channels int, dataBytes int64) ([]byte, error) {
	switch {
	case rate < 1 || rate > maxRate || channels < 1 || channels > maxChannels:
		return nil, fmt.Errorf("%w: %d channels at %d samples per second", ErrFormat, channels, rate)
	case dataBytes < 0 || dataBytes%int64(channels*sampleBytes) != 0:
		return nil, fmt.Errorf("%w: %d bytes are not whole frames of %d channels", ErrFormat, dataBytes, channels)
	case dataBytes > maxDataBytes:
		return nil, fmt.Errorf("%w: %d bytes of samples", ErrTooLong, dataBytes)
	}
	frame := channels * sampleBytes
	b := make([]byte, 0, HeaderBytes)
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(HeaderBytes-chunkBytes+dataBytes))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, fmtBytes)
	b = binary.LittleEndian.AppendUint16(b, formatPCM)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*frame))
	b = binary.LittleEndian.AppendUint16(b, uint16(frame))
	b = binary.LittleEndian.AppendUint16(b, 8*sampleBytes)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, uint32(dataBytes)), nil
}

// header returns Header as a reader, for values that Open has checked. If they are
// wrong all the same, the reader fails at once.
func header(rate, channels int, dataBytes int64) io.Reader {
	b, err := Header(rate, channels, dataBytes)
	if err != nil {
		return errorReader{err}
	}
	return bytes.NewReader(b)
}

// errorReader is a reader that fails.
type errorReader struct{ err error }

func (f errorReader) Read([]byte) (int, error) { return 0, f.err }
