package recordingtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"recgate/internal/await"
	"recgate/recording"
)

// TestBlobs is the contract of recording.Blobs as code. open returns an empty
// archive of the test's own, and closes it through t.Cleanup.
func TestBlobs(t *testing.T, open func(t *testing.T) recording.Blobs) {
	for _, c := range []struct {
		name string
		test func(*testing.T, recording.Blobs)
	}{
		{"what was put comes back", blobComesBack},
		{"an empty blob is one", blobMayBeEmpty},
		{"a blob can be sought in", blobSeeks},
		{"a put replaces", blobIsReplaced},
		{"a reader that fails leaves nothing", blobWholeOrNotAtAll},
		{"a reader that fails keeps the former blob", blobKeepsFormer},
		{"what is read already stays as it was", blobOutlivesReplacement},
		{"a blob that is not there is not found", blobNotFound},
		{"a removed blob is gone, and may be removed again", blobRemoved},
		{"what is there is listed", blobsAreListed},
		{"an ended context changes nothing", blobEndedContext},
		{"a context that ends in the middle leaves nothing", blobEndsInTheMiddle},
		{"keys that cannot be are refused", blobKeys},
		{"simultaneous puts under different keys", blobsSideBySide},
		{"simultaneous puts under one key", blobsOnOneKey},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

const (
	blobKey    = "0198c0de000070008000000000000001.wav"
	blobKeyTwo = "0198c0de000070008000000000000001-stereo.wav"
)

// blobContent is longer than what any implementation copies at a time.
func blobContent(mark byte) []byte {
	return bytes.Repeat([]byte{mark, 1, 2, 3, 0, 255, '\r', '\n'}, 200_000)
}

func putBlob(t *testing.T, b recording.Blobs, key string, content []byte) {
	t.Helper()
	n, err := b.Put(t.Context(), key, bytes.NewReader(content))
	if err != nil || n != int64(len(content)) {
		t.Fatalf("Put gave %d, %v; want %d bytes", n, err, len(content))
	}
}

// wantBlob fails unless the blob holds the content.
func wantBlob(t *testing.T, b recording.Blobs, key string, content []byte) {
	t.Helper()
	body, size, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open(%q): %v", key, err)
	}
	defer func() {
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}()
	got, err := io.ReadAll(body)
	if err != nil || size != int64(len(content)) || !bytes.Equal(got, content) {
		t.Errorf("%q holds %d bytes (said: %d, %v), not the %d that were put", key, len(got), size, err, len(content))
	}
}

func wantNoBlob(t *testing.T, b recording.Blobs, key string) {
	t.Helper()
	body, _, err := b.Open(t.Context(), key)
	if recording.CodeOf(err) != recording.NotFound {
		t.Errorf("Open(%q) gave %v, want NotFound", key, err)
	}
	if err == nil {
		_ = body.Close() // the failure is told already
	}
}

func blobComesBack(t *testing.T, b recording.Blobs) {
	one, two := blobContent(1), blobContent(2)[:17]
	putBlob(t, b, blobKey, one)
	putBlob(t, b, blobKeyTwo, two)
	putBlob(t, b, "a", two)
	wantBlob(t, b, blobKey, one)
	wantBlob(t, b, blobKeyTwo, two)
	wantBlob(t, b, "a", two)
}

func blobMayBeEmpty(t *testing.T, b recording.Blobs) {
	putBlob(t, b, blobKey, nil)
	wantBlob(t, b, blobKey, nil)
}

func blobSeeks(t *testing.T, b recording.Blobs) {
	putBlob(t, b, blobKey, []byte("0123456789"))
	body, _, err := b.Open(t.Context(), blobKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		offset int64
		whence int
		want   string
	}{{4, io.SeekStart, "4567"}, {-2, io.SeekEnd, "89"}, {0, io.SeekStart, "0123"}, {2, io.SeekCurrent, "6789"}} {
		if _, err := body.Seek(step.offset, step.whence); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(step.want))
		if _, err := io.ReadFull(body, got); err != nil || string(got) != step.want {
			t.Errorf("Seek(%d, %d), then %q (%v), want %q", step.offset, step.whence, got, err, step.want)
		}
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

func blobIsReplaced(t *testing.T, b recording.Blobs) {
	putBlob(t, b, blobKey, blobContent(1))
	putBlob(t, b, blobKey, []byte("shorter"))
	wantBlob(t, b, blobKey, []byte("shorter"))
}

var errBlobSource = errors.New("the spool file broke off")

func blobWholeOrNotAtAll(t *testing.T, b recording.Blobs) {
	half := io.MultiReader(bytes.NewReader(blobContent(1)), iotest.ErrReader(errBlobSource))
	if _, err := b.Put(t.Context(), blobKey, half); !errors.Is(err, errBlobSource) {
		t.Errorf("Put gave %v, want the reader's error", err)
	} else if recording.CodeOf(err) == recording.Unavailable {
		t.Errorf("Put blames the archive for the reader's error: %v", err)
	}
	wantNoBlob(t, b, blobKey)
}

func blobKeepsFormer(t *testing.T, b recording.Blobs) {
	putBlob(t, b, blobKey, []byte("former"))
	half := io.MultiReader(strings.NewReader("new"), iotest.ErrReader(errBlobSource))
	if _, err := b.Put(t.Context(), blobKey, half); !errors.Is(err, errBlobSource) {
		t.Errorf("Put gave %v, want the reader's error", err)
	}
	wantBlob(t, b, blobKey, []byte("former"))
}

func blobOutlivesReplacement(t *testing.T, b recording.Blobs) {
	content := blobContent(1)
	putBlob(t, b, blobKey, content)
	body, _, err := b.Open(t.Context(), blobKey)
	if err != nil {
		t.Fatal(err)
	}
	putBlob(t, b, blobKey, blobContent(2))
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("a replacement changed what was being read (%v)", err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

func blobNotFound(t *testing.T, b recording.Blobs) {
	wantNoBlob(t, b, blobKey)
	putBlob(t, b, blobKey, []byte("x"))
	wantNoBlob(t, b, blobKeyTwo)
	wantNoBlob(t, b, blobKey[:10])
}

func blobRemoved(t *testing.T, b recording.Blobs) {
	putBlob(t, b, blobKey, []byte("x"))
	putBlob(t, b, blobKeyTwo, []byte("y"))
	for range 2 {
		if err := b.Remove(t.Context(), blobKey); err != nil {
			t.Fatalf("Remove: %v", err)
		}
	}
	wantNoBlob(t, b, blobKey)
	wantBlob(t, b, blobKeyTwo, []byte("y"))
	putBlob(t, b, blobKey, []byte("again"))
	wantBlob(t, b, blobKey, []byte("again"))
}

func blobEndedContext(t *testing.T, b recording.Blobs) {
	putBlob(t, b, blobKey, []byte("kept"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Put(ended, blobKey, strings.NewReader("new")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put gave %v", err)
	}
	if err := b.Remove(ended, blobKey); !errors.Is(err, context.Canceled) {
		t.Errorf("Remove gave %v", err)
	}
	if _, _, err := b.Open(ended, blobKey); !errors.Is(err, context.Canceled) {
		t.Errorf("Open gave %v", err)
	}
	wantBlob(t, b, blobKey, []byte("kept"))
}

// endless never ends, and calls after(n) when n bytes have been read.
type endless struct {
	read  int
	after func(read int)
}

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	e.after(e.read)
	return len(p), nil
}

func blobEndsInTheMiddle(t *testing.T, b recording.Blobs) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	source := &endless{after: func(read int) {
		if read > 1<<20 {
			cancel()
		}
		if read > 1<<28 {
			t.Fatal("Put goes on although its context has ended")
		}
	}}
	if _, err := b.Put(ctx, blobKey, source); !errors.Is(err, context.Canceled) {
		t.Errorf("Put gave %v", err)
	}
	wantNoBlob(t, b, blobKey)
}

func blobKeys(t *testing.T, b recording.Blobs) {
	for _, key := range []string{
		"", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden", "-x", "A.wav", "a b", "a\x00b", "a\nb", "é", `a\b`, "a_b",
		strings.Repeat("a", 81),
	} {
		if _, err := b.Put(t.Context(), key, strings.NewReader("x")); recording.CodeOf(err) != recording.Invalid {
			t.Errorf("Put(%q) gave %v, want Invalid", key, err)
		}
		if _, _, err := b.Open(t.Context(), key); recording.CodeOf(err) != recording.Invalid {
			t.Errorf("Open(%q) gave %v, want Invalid", key, err)
		}
		if err := b.Remove(t.Context(), key); recording.CodeOf(err) != recording.Invalid {
			t.Errorf("Remove(%q) gave %v, want Invalid", key, err)
		}
	}
	for _, key := range []string{"0", "a..b", "z-.", strings.Repeat("a", 80)} {
		putBlob(t, b, key, []byte(key))
		wantBlob(t, b, key, []byte(key))
	}
}

func blobsSideBySide(t *testing.T, b recording.Blobs) {
	var wait sync.WaitGroup
	key := func(i int) string { return fmt.Sprintf("%032x.wav", i) }
	for i := range 20 {
		wait.Go(func() {
			if _, err := b.Put(t.Context(), key(i), bytes.NewReader(blobContent(byte(i)))); err != nil {
				t.Error(err)
			}
		})
	}
	await.Return(t, "all that was started to return", wait.Wait)
	for i := range 20 {
		wantBlob(t, b, key(i), blobContent(byte(i)))
	}
}

// blobsOnOneKey: the last of several puts wins, whole.
func blobsOnOneKey(t *testing.T, b recording.Blobs) {
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if _, err := b.Put(t.Context(), blobKey, bytes.NewReader(blobContent(byte(i)))); err != nil {
				t.Error(err)
			}
		})
	}
	await.Return(t, "all that was started to return", wait.Wait)
	body, _, err := b.Open(t.Context(), blobKey)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err != nil || len(got) == 0 || !bytes.Equal(got, blobContent(got[0])) {
		t.Errorf("%d bytes of several puts (%v)", len(got), err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// blobsAreListed asks archives that can be listed.
func blobsAreListed(t *testing.T, b recording.Blobs) {
	lister, ok := b.(recording.Lister)
	if !ok {
		return
	}
	other := "0299c0de000070008000000000000001.wav"
	for _, key := range []string{blobKey, blobKeyTwo, other, "short"} {
		putBlob(t, b, key, []byte("sound"))
	}
	for prefix, want := range map[string][]string{
		"": {blobKeyTwo, blobKey, other, "short"}, "0198c0": {blobKeyTwo, blobKey}, "0299c0de0": {other}, "sh": {"short"}, "03": nil,
	} {
		var got []string
		err := lister.List(t.Context(), prefix, func(key string) error {
			got = append(got, key)
			return nil
		})
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("List(%q) = %v, %v; want %v", prefix, got, err, want)
		}
	}
	folders, err := lister.Folders(t.Context())
	slices.Sort(folders)
	if want := []string{"0198c0", "0299c0", "short"}; err != nil || !slices.Equal(folders, want) {
		t.Errorf("Folders() = %v, %v; want %v", folders, err, want)
	}
	enough := errors.New("enough")
	if err := lister.List(t.Context(), "", func(string) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("List with a visitor that fails: %v", err)
	}
}
