package soap

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/segmentio/asm/base64"

	"recgate/recording"
)

const (
	// blockBytes is how much audio is read at once: a multiple of 3, so that
	// no block but the last ends in padding.
	blockBytes = 24 << 10
	// blockPatience is how long a caller may take for one block before the
	// connection is given up: 32 KiB in it is less than the slowest line.
	blockPatience = 30 * time.Second
)

// block is the room for one block of audio, and for it in base64.
type block struct {
	audio [blockBytes]byte
	text  [blockBytes / 3 * 4]byte
}

// encodedLen is the length of n bytes in base64.
func encodedLen(n int64) int64 { return (n + 2) / 3 * 4 }

// opened is audio of which the first block has been read, so that what could
// be found wrong with it has been found before the answer begins.
type opened struct {
	source io.Reader
	left   int64 // bytes that are not read yet
	first  []byte
	room   *block
}

// openAudio checks that the audio is as long as was said, and that it can be read.
func openAudio(a *recording.Audio, room *block) (opened, error) {
	size, err := a.Seek(0, io.SeekEnd)
	if err != nil {
		return opened{}, fmt.Errorf("find the size of recording %s: %w", a.Recording, err)
	}
	if size != a.Bytes || size == 0 {
		return opened{}, fmt.Errorf("recording %s has %d bytes, not %d", a.Recording, size, a.Bytes)
	}
	if _, err := a.Seek(0, io.SeekStart); err != nil {
		return opened{}, fmt.Errorf("rewind recording %s: %w", a.Recording, err)
	}
	o := opened{source: a, left: size, room: room}
	if o.first, err = o.read(); err != nil {
		return opened{}, fmt.Errorf("read recording %s: %w", a.Recording, err)
	}
	return o, nil
}

// read returns the next block, which is full unless it is the last one.
func (o *opened) read() ([]byte, error) {
	b := o.room.audio[:min(o.left, blockBytes)]
	if _, err := io.ReadFull(o.source, b); err != nil {
		return nil, err
	}
	o.left -= int64(len(b))
	return b, nil
}

// send writes all blocks, each through encode, with a new write deadline for
// each. After an error the answer is incomplete and cannot be repaired.
func (o *opened) send(w http.ResponseWriter, encode func(*block, []byte) []byte) error {
	deadline := http.NewResponseController(w)
	for b := o.first; ; {
		// A writer without deadlines (a test's recorder) is none the worse.
		_ = deadline.SetWriteDeadline(time.Now().Add(blockPatience))
		if _, err := w.Write(encode(o.room, b)); err != nil {
			return fmt.Errorf("send audio: %w", err)
		}
		if o.left == 0 {
			return nil
		}
		var err error
		if b, err = o.read(); err != nil {
			return fmt.Errorf("read audio: %w", err)
		}
	}
}

// inBase64 encodes one block (RFC 4648, section 4), without line breaks.
func inBase64(room *block, b []byte) []byte {
	n := base64.StdEncoding.EncodedLen(len(b))
	base64.StdEncoding.Encode(room.text[:n], b)
	return room.text[:n]
}

// asItIs sends the WAV itself.
func asItIs(_ *block, b []byte) []byte { return b }
