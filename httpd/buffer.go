package httpd

import (
	"sync"

	"github.com/segmentio/asm/base64"
)

// Blocks of audio and of base64. A block of audio is a multiple of 3, so that
// no block but the last ends in padding. Large blocks take a tenth less CPU
// time; small ones let hundreds fetch at once in little memory.
const (
	smallText = 32 << 10
	largeText = 128 << 10
	// largeBuffers is how many large buffers there are: 5 MB of them.
	largeBuffers = 40
)

// buffer is memory for one block: audio is read into the end of text, and its
// base64 is written from the beginning of text.
type buffer struct {
	text []byte
	rest [3 << 10]byte // for the end of the audio, see encode
}

func newBuffer(text int) *buffer { return &buffer{text: make([]byte, text)} }

// audio returns the part of the buffer that n bytes of audio are read into, at
// most its capacity.
func (r *buffer) audio(n int) []byte { return r.text[len(r.text)-n:] }

// capacity returns how many bytes of audio fit.
func (r *buffer) capacity() int { return len(r.text) / 4 * 3 }

// encode writes the base64 of the last n bytes (RFC 4648, section 4), without line
// breaks, to the beginning of the buffer. It encodes a quarter of what is left at a
// time, so that it does not overwrite audio that is not encoded yet; the last
// piece is copied out of the way first.
func (r *buffer) encode(n int) []byte {
	audio, written := r.audio(n), 0
	for len(audio) > 0 {
		piece := audio[:len(audio)/12*3]
		if len(audio) <= len(r.rest) {
			piece = r.rest[:copy(r.rest[:], audio)]
		}
		base64.StdEncoding.Encode(r.text[written:], piece)
		written += base64.StdEncoding.EncodedLen(len(piece))
		audio = audio[len(piece):]
	}
	return r.text[:written]
}

// Buffers lends buffers, large ones as long as there are any. All requests of a
// door share it.
type Buffers struct {
	large chan *buffer // the free ones; nil for one that was not made yet
	small sync.Pool    // of *buffer
}

// NewBuffers returns Buffers of which none is lent.
func NewBuffers() *Buffers {
	r := &Buffers{large: make(chan *buffer, largeBuffers), small: sync.Pool{New: func() any { return newBuffer(smallText) }}}
	for range largeBuffers {
		r.large <- nil
	}
	return r
}

// lend returns a buffer for a recording of so many bytes.
func (r *Buffers) lend(bytes int64) *buffer {
	if Base64Len(bytes) <= smallText {
		return r.lendSmall()
	}
	select {
	case free := <-r.large:
		if free == nil {
			free = newBuffer(largeText)
		}
		return free
	default:
		return r.lendSmall()
	}
}

func (r *Buffers) lendSmall() *buffer { return r.small.Get().(*buffer) }

// takeBack takes a buffer back.
func (r *Buffers) takeBack(lent *buffer) {
	if lent.isLarge() {
		r.large <- lent
		return
	}
	r.small.Put(lent)
}

func (r *buffer) isLarge() bool { return len(r.text) == largeText }
