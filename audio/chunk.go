package audio

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Sizes and numbers of the format: "Multimedia Programming Interface and Data
// Specifications 1.0" (IBM, Microsoft 1991), chapter 3, and mmreg.h.
const (
	riffBytes          = 12 // "RIFF", size, "WAVE"
	chunkBytes         = 8  // id, size
	fmtBytes           = 16 // the fields that every format has
	fmtExtensibleBytes = 40
	sampleBytes        = 2

	formatPCM        = 1
	formatExtensible = 0xFFFE
	pcmGUIDTail      = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

	// maxChunks ends the search in a file of nothing but empty chunks.
	maxChunks = 1000
)

// chunk is one part of a RIFF file.
type chunk struct {
	id   string
	at   int64 // of its content
	size int64 // as its header says
}

// next returns the offset of the chunk after c: chunks begin at even offsets.
func (c chunk) next() int64 { return c.at + c.size + c.size%2 }

// readChunk reads the header of the chunk at an offset.
func readChunk(f io.ReaderAt, at int64) (chunk, error) {
	var b [chunkBytes]byte
	if err := readAt(f, b[:], at); err != nil {
		return chunk{}, err
	}
	return chunk{id: string(b[:4]), at: at + chunkBytes, size: int64(binary.LittleEndian.Uint32(b[4:]))}, nil
}

// scan reads chunks until it has found the format and the samples.
func (w *WAV) scan(size int64) error {
	at := int64(riffBytes)
	for range maxChunks {
		if at+chunkBytes > size {
			return fmt.Errorf("%w: no format or no samples in %d bytes", ErrShort, size)
		}
		c, err := readChunk(w.file, at)
		if err != nil {
			return err
		}
		switch {
		case c.id == "fmt " && w.Rate == 0:
			err = w.readFormat(c, size)
		case c.id == "data" && w.DataOffset == 0:
			err = w.locateSamples(c, size)
		}
		if err != nil {
			return err
		}
		if w.Rate > 0 && w.DataOffset > 0 {
			return nil
		}
		at = c.next()
	}
	return fmt.Errorf("%w: no samples within %d chunks", ErrNotWAV, maxChunks)
}

func (w *WAV) readFormat(c chunk, size int64) error {
	if c.size < fmtBytes {
		return fmt.Errorf("%w: its format has %d < %d bytes", ErrNotWAV, c.size, fmtBytes)
	}
	b := make([]byte, min(c.size, fmtExtensibleBytes))
	if c.at+int64(len(b)) > size {
		return fmt.Errorf("%w: its format ends after byte %d", ErrShort, size)
	}
	if err := readAt(w.file, b, c.at); err != nil {
		return err
	}
	return w.setFormat(b)
}

// locateSamples decides how many bytes of samples there are: the number in the
// header, if it fits the file, else everything up to the end of the file. Keeping too
// much is heard as a click; keeping too little loses evidence.
func (w *WAV) locateSamples(c chunk, size int64) error {
	present := size - c.at
	w.DataOffset, w.DataBytes = c.at, present
	if c.size > present {
		return nil
	}
	fits, err := hasOnlyChunks(w.file, c, size)
	if fits {
		w.DataBytes, w.Complete = c.size, true
	}
	return err
}

// hasOnlyChunks reports whether nothing but well-formed chunks follows the samples
// of data. Samples could pass for chunks only if they spelt out an id and a
// size that ends exactly where the file does.
func hasOnlyChunks(f io.ReaderAt, data chunk, size int64) (bool, error) {
	c := data
	for range maxChunks {
		if end := c.at + c.size; end == size || c.next() == size { // without or with its padding byte
			return true, nil
		}
		if c.next()+chunkBytes > size {
			return false, nil
		}
		var err error
		if c, err = readChunk(f, c.next()); err != nil {
			return false, err
		}
		if !isPrintable(c.id) {
			return false, nil
		}
	}
	return false, nil
}

func isPrintable(id string) bool {
	for _, b := range []byte(id) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}
