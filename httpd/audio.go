package httpd

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"recgate/recording"
)

const (
	// blockPatience is how long a caller may take for 32 KiB before the
	// connection is given up: less than the slowest line.
	blockPatience = 30 * time.Second
	// slowCaller is how long a caller takes for a block who gets small ones
	// from then on, and leaves the large ones to others.
	slowCaller = time.Second
)

// Base64Len is the length of n bytes in base64.
func Base64Len(n int64) int64 { return (n + 2) / 3 * 4 }

// Audio is a recording on its way to a caller. Its first block has been read, so
// that what could be found wrong with it has been found before the answer
// begins.
type Audio struct {
	source io.Reader
	left   int64 // bytes that are not read yet
	held   int   // bytes that are in the room
	rooms  *Rooms
	room   *room
}

// OpenAudio checks that a recording is as long as was said, and that it can be
// read. The caller closes the Audio, and a in any case.
func OpenAudio(a *recording.Audio, rooms *Rooms) (*Audio, error) {
	size, err := a.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("find the size of recording %s: %w", a.Recording, err)
	}
	if size != a.Bytes || size == 0 {
		return nil, fmt.Errorf("recording %s has %d bytes, not %d", a.Recording, size, a.Bytes)
	}
	if _, err := a.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("rewind recording %s: %w", a.Recording, err)
	}
	o := &Audio{source: a, left: size, rooms: rooms, room: rooms.lend(size)}
	if err = o.read(); err != nil {
		o.Close()
		return nil, fmt.Errorf("read recording %s: %w", a.Recording, err)
	}
	return o, nil
}

// Close gives the room back.
func (o *Audio) Close() { o.rooms.takeBack(o.room) }

// read reads the next block, which is full unless it is the last one.
func (o *Audio) read() error {
	o.held = int(min(o.left, int64(o.room.block())))
	if _, err := io.ReadFull(o.source, o.room.audio(o.held)); err != nil {
		return err
	}
	o.left -= int64(o.held)
	return nil
}

// SendBase64 writes the audio in base64 (RFC 4648, section 4), without line
// breaks. After an error the answer is incomplete and cannot be repaired.
func (o *Audio) SendBase64(w http.ResponseWriter) error { return o.send(w, inBase64) }

// SendBytes writes the audio as it is, otherwise as SendBase64.
func (o *Audio) SendBytes(w http.ResponseWriter) error { return o.send(w, asItIs) }

// send writes all blocks, each through encode, with a new write deadline for
// each.
func (o *Audio) send(w http.ResponseWriter, encode func(*room, int) []byte) error {
	deadline := http.NewResponseController(w)
	for {
		begun := time.Now()
		// A writer without deadlines (a test's recorder) is none the worse.
		_ = deadline.SetWriteDeadline(begun.Add(blockPatience * time.Duration(len(o.room.text)/smallText)))
		if _, err := w.Write(encode(o.room, o.held)); err != nil {
			return fmt.Errorf("send audio: %w", err)
		}
		if o.left == 0 {
			return nil
		}
		if o.room.isLarge() && time.Since(begun) > slowCaller {
			o.Close()
			o.room = o.rooms.lendSmall()
		}
		if err := o.read(); err != nil {
			return fmt.Errorf("read audio: %w", err)
		}
	}
}

// inBase64 encodes one block.
func inBase64(r *room, n int) []byte { return r.encode(n) }

// asItIs sends the WAV itself.
func asItIs(r *room, n int) []byte { return r.audio(n) }
