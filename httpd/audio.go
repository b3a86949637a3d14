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
	// connection is closed. Even the slowest line is faster.
	blockPatience = 30 * time.Second
	// slowCaller: a caller who takes longer than this for a large block gets small
	// ones from then on, and leaves the large ones to others.
	slowCaller = time.Second
)

// Base64Len returns the length of n bytes in base64.
func Base64Len(n int64) int64 { return (n + 2) / 3 * 4 }

// Audio is a recording on its way to a caller. Its first block has been read
// already, so that a recording that cannot be read is found before the answer
// begins.
type Audio struct {
	source  io.Reader
	left    int64 // bytes that are not read yet
	held    int   // bytes in the buffer
	buffers *Buffers
	buffer  *buffer
}

// OpenAudio checks that a recording has its full length and can be read. The
// caller closes the Audio, and in any case a.
func OpenAudio(a *recording.Audio, buffers *Buffers) (*Audio, error) {
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
	o := &Audio{source: a, left: size, buffers: buffers, buffer: buffers.lend(size)}
	if err = o.readBlock(); err != nil {
		o.Close()
		return nil, fmt.Errorf("read recording %s: %w", a.Recording, err)
	}
	return o, nil
}

// Close gives the buffer back.
func (o *Audio) Close() { o.buffers.takeBack(o.buffer) }

// readBlock reads the next block, which is full unless it is the last one.
func (o *Audio) readBlock() error {
	o.held = int(min(o.left, int64(o.buffer.capacity())))
	if _, err := io.ReadFull(o.source, o.buffer.audio(o.held)); err != nil {
		return err
	}
	o.left -= int64(o.held)
	return nil
}

// SendBase64 writes the audio in base64 (RFC 4648, section 4), without line
// breaks. After an error the answer is incomplete and cannot be repaired.
func (o *Audio) SendBase64(w http.ResponseWriter) error {
	return o.sendBlocks(w, (*buffer).encode)
}

// SendBytes writes the audio as it is, otherwise like SendBase64.
func (o *Audio) SendBytes(w http.ResponseWriter) error { return o.sendBlocks(w, (*buffer).audio) }

// sendBlocks writes what encode makes of each block, with a new write deadline
// for each.
func (o *Audio) sendBlocks(w http.ResponseWriter, encode func(*buffer, int) []byte) error {
	deadline := http.NewResponseController(w)
	for {
		begun := time.Now()
		// The error of a writer without deadlines (a test's recorder) does not matter.
		_ = deadline.SetWriteDeadline(begun.Add(blockPatience * time.Duration(len(o.buffer.text)/smallText)))
		if _, err := w.Write(encode(o.buffer, o.held)); err != nil {
			return fmt.Errorf("send audio: %w", err)
		}
		if o.left == 0 {
			return nil
		}
		if o.buffer.isLarge() && time.Since(begun) > slowCaller {
			o.Close()
			o.buffer = o.buffers.lendSmall()
		}
		if err := o.readBlock(); err != nil {
			return fmt.Errorf("read audio: %w", err)
		}
	}
}
