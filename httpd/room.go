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
	// largeRooms is how many have large blocks at the same time: 5 MB of them.
	largeRooms = 40
)

// room is memory for one block: audio is read into the end of text and encoded
// towards its beginning, where the base64 comes to lie.
type room struct {
	text []byte
	rest [3 << 10]byte // for the end of the audio, see encode
}

func newRoom(text int) *room { return &room{text: make([]byte, text)} }

// audio is where n bytes are to be read, as many as block at most.
func (r *room) audio(n int) []byte { return r.text[len(r.text)-n:] }

// block is how many bytes of audio have room.
func (r *room) block() int { return len(r.text) / 4 * 3 }

// encode turns the last n bytes into base64 (RFC 4648, section 4), without
// line breaks, at the beginning of the room. A quarter of what is left is
// encoded at a time, so that nothing is written over what is not read yet,
// and the end of the audio is copied out of the way.
func (r *room) encode(n int) []byte {
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

// Rooms lends memory for blocks, large ones as long as there are any. All
// requests of a door share one.
type Rooms struct {
	large chan *room // those that are free; nil for one that was never used
	small sync.Pool  // of *room
}

// NewRooms makes rooms, of which none is lent.
func NewRooms() *Rooms {
	r := &Rooms{large: make(chan *room, largeRooms), small: sync.Pool{New: func() any { return newRoom(smallText) }}}
	for range largeRooms {
		r.large <- nil
	}
	return r
}

// lend lends a room for a recording of so many bytes.
func (r *Rooms) lend(bytes int64) *room {
	if Base64Len(bytes) <= smallText {
		return r.lendSmall()
	}
	select {
	case free := <-r.large:
		if free == nil {
			free = newRoom(largeText)
		}
		return free
	default:
		return r.lendSmall()
	}
}

func (r *Rooms) lendSmall() *room { return r.small.Get().(*room) }

// takeBack takes a room back.
func (r *Rooms) takeBack(lent *room) {
	if lent.isLarge() {
		r.large <- lent
		return
	}
	r.small.Put(lent)
}

func (r *room) isLarge() bool { return len(r.text) == largeText }
