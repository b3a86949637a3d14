package httpd_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/httpd"
	"recgate/recording"
)

// newWAV is n bytes in which every block differs.
func newWAV(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 ^ i>>8 ^ i>>16)
	}
	return b
}

// file is audio in memory.
type file struct{ *bytes.Reader }

func (file) Close() error { return nil }

// send sends audio in base64 and gives its buffer back.
func send(t *testing.T, buffers *httpd.Buffers, wav []byte, to *taker) {
	t.Helper()
	a, err := httpd.OpenAudio(&recording.Audio{Bytes: int64(len(wav)), ReadSeekCloser: file{bytes.NewReader(wav)}}, buffers)
	if err != nil {
		t.Error(err)
		return
	}
	defer a.Close()
	if err := a.SendBase64(to); err != nil {
		t.Error(err)
	}
}

// taker is a caller who takes some time for each block.
type taker struct {
	took     func() // called in the middle of every write
	body     bytes.Buffer
	blocks   []int           // bytes of each write
	patience []time.Duration // until the deadline of each write
}

func (c *taker) Header() http.Header { return nil }
func (c *taker) WriteHeader(int)     {}

func (c *taker) Write(b []byte) (int, error) {
	c.blocks = append(c.blocks, len(b))
	c.took()
	return c.body.Write(b)
}

func (c *taker) SetWriteDeadline(t time.Time) error {
	c.patience = append(c.patience, time.Until(t))
	return nil
}

// TestManyShareMemory: of many who fetch at once few get large blocks, so that
// memory is bounded, and all get their audio.
func TestManyShareMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buffers := httpd.NewBuffers()
		wav := newWAV(1<<20 + 1)
		text := base64.StdEncoding.EncodeToString(wav)
		held := make(chan struct{})
		release := sync.OnceFunc(func() { close(held) })
		defer release()
		callers := make([]*taker, 60)
		var wg sync.WaitGroup
		for i := range callers {
			callers[i] = &taker{took: func() { <-held }}
			wg.Go(func() { send(t, buffers, wav, callers[i]) })
		}
		synctest.Wait()
		memory := 0
		for _, c := range callers {
			memory += c.blocks[0]
		}
		if most := 40*(128<<10) + 20*(32<<10); memory != most {
			t.Errorf("%d callers were sent %d bytes as their first blocks, want %d", len(callers), memory, most)
		}
		release()
		wg.Wait()
		for i, c := range callers {
			if c.body.String() != text {
				t.Errorf("caller %d: %d bytes differ from the %d expected", i, c.body.Len(), len(text))
			}
		}
	})
}

// TestSlowCallerGetsSmallBlocks: who takes seconds for a block leaves the large
// ones to others, and has as much time for each byte as before.
func TestSlowCallerGetsSmallBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wav := newWAV(1 << 20)
		slow := &taker{took: func() { time.Sleep(2 * time.Second) }}
		send(t, httpd.NewBuffers(), wav, slow)
		if slow.body.String() != base64.StdEncoding.EncodeToString(wav) {
			t.Errorf("%d bytes came, not what was expected", slow.body.Len())
		}
		for i, n := range slow.blocks {
			if want := 32 << 10; n > want && i > 0 {
				t.Errorf("block %d has %d bytes, want %d at most", i, n, want)
			}
			if want := 30 * time.Second * time.Duration(max(1, n/(32<<10))); slow.patience[i] != want {
				t.Errorf("block %d of %d bytes may take %v, want %v", i, n, slow.patience[i], want)
			}
		}
		if n := slow.blocks[0]; n != 128<<10 {
			t.Errorf("the first block has %d bytes, want 128 KiB", n)
		}
	})
}
