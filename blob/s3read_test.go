package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/internal/await"
	"recgate/recording"
)

// TestS3Requests: a blob that is read from its beginning costs one request,
// however small the reads, and whatever was asked of its size before.
func TestS3Requests(t *testing.T) {
	s := newServer(t)
	b := newS3(t, options(s.URL))
	want := content(300_000)
	if _, err := b.Put(t.Context(), key, bytes.NewReader(want)); err != nil {
		t.Fatal(err)
	}
	s.takeRequests()
	body, _, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, whence := range []int{io.SeekEnd, io.SeekStart} {
		if _, err := body.Seek(0, whence); err != nil {
			t.Fatal(err)
		}
	}
	var got bytes.Buffer
	if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{body}, make([]byte, 100)); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	if diff := cmp.Diff([]string{"GET"}, s.takeRequests()); diff != "" {
		t.Errorf("read through (-want +asked):\n%s", diff)
	}
	if _, err := body.Seek(-1000, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, want[299_000:]) {
		t.Errorf("the end is %d bytes, %v", len(got), err)
	}
	if diff := cmp.Diff([]string{"GET bytes=299000-"}, s.takeRequests()); diff != "" {
		t.Errorf("after a seek (-want +asked):\n%s", diff)
	}
	for _, bad := range []int64{-1, -300_001} {
		if _, err := body.Seek(bad, io.SeekStart); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Seek(%d) gave %v", bad, err)
		}
	}
	if err := errors.Join(body.Close(), body.Close()); err != nil {
		t.Error(err)
	}
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Read after Close gave %v", err)
	}
}

// cutShort answers GET with the first half of what is asked for, and then breaks
// the connection.
func cutShort(all []byte, seen *[]http.Header) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		*seen = append(*seen, r.Header.Clone())
		from, _ := strconv.Atoi(strings.Trim(r.Header.Get("Range"), "bytes=-")) // "" is 0
		rest := all[from:]
		w.Header().Set("Content-Length", strconv.Itoa(len(rest)))
		w.Header().Set("ETag", `"e1"`)
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		if len(rest) < 1000 {
			_, _ = w.Write(rest)
			return true
		}
		_, _ = w.Write(rest[:len(rest)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// TestS3BrokenConnection: a connection that breaks is taken up where it
// broke, of the same blob.
func TestS3BrokenConnection(t *testing.T) {
	s := newServer(t)
	want := content(100_000)
	var seen []http.Header
	s.before = cutShort(want, &seen)
	if got := get(t, newS3(t, options(s.URL)), key); !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back otherwise", len(got))
	}
	if len(seen) < 3 || seen[0].Get("If-Match") != "" || seen[1].Get("If-Match") != `"e1"` || seen[1].Get("Range") != "bytes=50000-" {
		t.Errorf("%d requests: %v", len(seen), seen)
	}
}

// TestS3ReadFails: what cannot be read on is an error that says why.
func TestS3ReadFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(http.ResponseWriter, *http.Request)
		want string
	}{
		{"replaced", func(w http.ResponseWriter, _ *http.Request) { answer(w, 412, "PreconditionFailed") }, "the recording was replaced in the archive while it was read: try again"},
		{"removed", func(w http.ResponseWriter, _ *http.Request) { answer(w, 404, "NoSuchKey") }, "the archive cannot be read: see the log"},
		{"no ranges", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
			_, _ = w.Write(content(100_000))
		}, "the archive cannot be read: see the log"},
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "the archive did not answer in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			var seen []http.Header
			first := cutShort(content(100_000), &seen)
			s.before = func(w http.ResponseWriter, r *http.Request) bool {
				if len(seen) == 0 {
					return first(w, r)
				}
				tt.then(w, r)
				return true
			}
			o := options(s.URL)
			o.Patience = 100 * time.Millisecond
			body, _, err := newS3(t, o).Open(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, body)
			if n != 50_000 || recording.Message(err) != tt.want || recording.CodeOf(err) != recording.Unavailable {
				t.Errorf("after %d bytes: %v", n, err)
			}
			if err := body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestS3SilenceInTheMiddle: a server that stops sending does not hold the
// caller forever, and neither does one that never answers.
func TestS3SilenceInTheMiddle(t *testing.T) {
	s := newServer(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
		if r.Method == http.MethodGet && r.Header.Get("Range") == "" {
			_, _ = w.Write(make([]byte, 500))
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.Copy(io.Discard, r.Body) // until then the server does not see that the client has gone
		<-r.Context().Done()
		return true
	}
	o := options(s.URL)
	o.Patience = 50 * time.Millisecond
	b := newS3(t, o)
	const late = "the archive did not answer in time"
	body, _, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); recording.Message(err) != late {
		t.Errorf("reading gave %v", err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.Put(t.Context(), key, strings.NewReader("x")); recording.Message(err) != late {
		t.Errorf("Put gave %v", err)
	}
	if err := b.Remove(t.Context(), key); recording.Message(err) != late {
		t.Errorf("Remove gave %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	o.Patience = time.Hour
	if body, _, err = newS3(t, o).Open(ctx, key); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, context.Canceled) || recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("reading after its caller has gone gave %v", err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}

// bytesAllocated is how many bytes a function takes from the heap, all goroutines
// counted, those of the server too.
func bytesAllocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestS3Memory: neither way holds more of a long recording than a few
// buffers.
func TestS3Memory(t *testing.T) {
	const long, readers = 60 << 20, 50
	s := newServer(t)
	block := make([]byte, 64<<10)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, s3Mark) {
			return false
		}
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
		switch query := r.URL.Query(); {
		case r.Method == http.MethodGet:
			w.Header().Set("Content-Length", strconv.Itoa(long))
			for range long / len(block) {
				if _, err := w.Write(block); err != nil {
					return true
				}
			}
		case r.Method == http.MethodHead:
			w.Header().Set("Content-Length", strconv.Itoa(long))
		case query.Has("uploads"):
			_, _ = io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><Bucket>calls</Bucket><ETag>"e"</ETag></CompleteMultipartUploadResult>`)
		default:
			_, _ = io.Copy(io.Discard, r.Body)
		}
		return true
	}
	b := newS3(t, options(s.URL))
	took := bytesAllocated(func() {
		var all sync.WaitGroup
		for i := range readers {
			all.Go(func() {
				body, size, err := b.Open(t.Context(), key)
				if err != nil || size != long {
					t.Errorf("%d bytes, %v", size, err)
					return
				}
				most := int64(1 << 20)
				if i == 0 {
					most = long
				}
				if n, err := io.CopyBuffer(io.Discard, io.LimitReader(body, most), make([]byte, 32<<10)); err != nil || n != most {
					t.Errorf("read %d bytes, %v", n, err)
				}
				if err := body.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		await.Return(t, "all callers to return", all.Wait)
	})
	if limit := uint64(readers * 192 << 10); took > limit {
		t.Errorf("%d readers of %d MB took %d kB, over %d kB", readers, long>>20, took>>10, limit>>10)
	}
	took = bytesAllocated(func() {
		if n, err := b.Put(t.Context(), key, io.LimitReader(zeros{}, long)); err != nil || n != long {
			t.Errorf("Put %d bytes, %v", n, err)
		}
	})
	if limit := uint64(2 * part); took > limit {
		t.Errorf("a put of %d MB took %d kB, over %d kB", long>>20, took>>10, limit>>10)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
