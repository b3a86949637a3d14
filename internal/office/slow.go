package office

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"recgate/recording"
)

// SlowBlobs is an archive that takes its time: before each Put it does what
// comes next on its list.
type SlowBlobs struct {
	recording.Blobs
	mu   sync.Mutex // guards next
	next []func()
}

// Before puts acts at the end of the list.
func (b *SlowBlobs) Before(next ...func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = append(b.next, next...)
}

func (b *SlowBlobs) pop() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.next) == 0 {
		return func() {}
	}
	do := b.next[0]
	b.next = b.next[1:]
	return do
}

// Put implements recording.Blobs.
func (b *SlowBlobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	wav, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	b.pop()()
	return b.Blobs.Put(ctx, key, bytes.NewReader(wav))
}

// stalledBlobs takes recordings and does not say that it has them.
type stalledBlobs struct {
	recording.Blobs
	stalls atomic.Bool
	puts   atomic.Int32 // under way
}

// Put implements recording.Blobs.
func (b *stalledBlobs) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if !b.stalls.Load() {
		return b.Blobs.Put(ctx, key, r)
	}
	b.puts.Add(1)
	defer b.puts.Add(-1)
	return 0, waitForEnd(ctx)
}

// Open implements recording.Blobs.
func (b *stalledBlobs) Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if !b.stalls.Load() {
		return b.Blobs.Open(ctx, key)
	}
	return nil, 0, waitForEnd(ctx)
}

func waitForEnd(ctx context.Context) error {
	<-ctx.Done()
	return &recording.Error{Code: recording.Unavailable, Msg: "the archive did not answer in time", Err: ctx.Err()}
}

// InStalled runs a test while ten recordings with the tag "stalled" are on their
// way into an archive that does not answer, and leftovers are to be compared
// with it.
func InStalled(t *testing.T, o Options, test func(t *testing.T, of *Office)) {
	synctest.Test(t, func(t *testing.T) {
		of := New()
		stalled := &stalledBlobs{Blobs: of.Blobs}
		of.Archive = stalled
		of.Open(t, o)
		rec := of.Finish(t, "before", time.Second)
		of.PBX.Leave(recording.MixedFile(rec.ID), time.Second)
		stalled.stalls.Store(true)
		for n := range 10 {
			caller, _ := of.PBX.Call(t, fmt.Sprint(500+2*n), fmt.Sprint(501+2*n))
			of.Record(t, caller, "stalled")
			of.PBX.Pass(time.Second)
			of.PBX.Hangup(t, caller)
		}
		synctest.Wait()
		if n := stalled.puts.Load(); n == 0 || n > 8 {
			t.Fatalf("%d recordings are put into the archive at once", n)
		}
		test(t, of)
	})
}
