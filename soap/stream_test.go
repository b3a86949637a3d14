package soap_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/recording"
	"recgate/soap"
)

// TestStreamOfEveryLength compares with encoding/base64 around the borders of
// a block, over TCP, in each form.
func TestStreamOfEveryLength(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	server := httptest.NewServer(e)
	defer server.Close()
	const small, large = 24 << 10, 96 << 10
	for _, n := range []int{
		1, 2, 3, 4, 44, 3071, 3072, 3073, 4096, 4097, small - 1, small, small + 1, 2 * small,
		large - 1, large, large + 1, 2 * large, 3*large - 2, 3*large + 2, 1 << 20,
	} {
		e.rec.wav = newWAV(n)
		text := base64.StdEncoding.EncodeToString(e.rec.wav)
		for format, want := range map[string]string{"base64": text, "wav": string(e.rec.wav), "envelope": ">" + text + "<"} {
			t.Run(fmt.Sprint(n, format), func(t *testing.T) {
				res, err := fetchURL(t, server.URL+soap.Path+"?"+retrieveOK+"&format="+format)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				got, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				if res.ContentLength != int64(len(got)) || len(res.TransferEncoding) > 0 {
					t.Errorf("length %d for %d bytes, transfer encoding %q", res.ContentLength, len(got), res.TransferEncoding)
				}
				if format == "envelope" && !strings.Contains(string(got), want) || format != "envelope" && string(got) != want {
					t.Errorf("%d bytes differ from the %d expected", len(got), len(want))
				}
			})
		}
	}
}

// fetchURL asks by GET; the caller closes the body.
func fetchURL(t testing.TB, url string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return (&http.Client{Timeout: await.Patience}).Do(r)
}

// TestHTTP10 asks as wget of old asks.
func TestHTTP10(t *testing.T) {
	w := newWire(t, soap.Legacy{})
	answer := string(w.exchange(t, []byte("GET "+soap.Path+"?"+retrieveOK+" HTTP/1.0\r\n\r\n")))
	head, body, _ := strings.Cut(answer, "\r\n\r\n")
	if want := base64.StdEncoding.EncodeToString(w.rec.wav); body != want {
		t.Errorf("body %.100q, want %.100q", body, want)
	}
	for _, want := range []string{"HTTP/1.0 200 OK", "Content-Length: " + fmt.Sprint(len(body)), "Cache-Control: no-store"} {
		if !strings.Contains(head, want) {
			t.Errorf("%q lacks %q", head, want)
		}
	}
}

// TestRawBlank shows what a blank inside of the request line gives.
func TestRawBlank(t *testing.T) {
	w := newWire(t, soap.Legacy{})
	answer := string(w.exchange(t, []byte("GET "+soap.Path+"?"+startOK+" b HTTP/1.1\r\nHost: x\r\n\r\n")))
	if !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
		t.Errorf("answer %.100q", answer)
	}
	w.wantCalls(t)
}

// brokenFile fails to be read after some bytes, and says that it is longer or
// shorter than it is.
type brokenFile struct {
	io.Reader
	size   int64
	closed *atomic.Int32
}

var errDisk = errors.New("read /archive/1.wav: input/output error")

func (b brokenFile) Close() error { b.closed.Add(1); return nil }

func (b brokenFile) Seek(_ int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return b.size, nil
	}
	return 0, nil
}

func newBroken(good int, size, said int64, closed *atomic.Int32) *recording.Audio {
	r := io.MultiReader(bytes.NewReader(newWAV(good)), errReader{})
	return &recording.Audio{Bytes: said, ReadSeekCloser: brokenFile{r, size, closed}}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errDisk }

// TestBrokenBeforeFirstByte expects a proper refusal.
func TestBrokenBeforeFirstByte(t *testing.T) {
	for name, audio := range map[string]func(*atomic.Int32) *recording.Audio{
		"unreadable":   func(c *atomic.Int32) *recording.Audio { return newBroken(1000, 1<<20, 1<<20, c) },
		"other length": func(c *atomic.Int32) *recording.Audio { return newBroken(1000, 1000, 1001, c) },
		"empty":        func(c *atomic.Int32) *recording.Audio { return newBroken(0, 0, 0, c) },
	} {
		t.Run(name, func(t *testing.T) {
			var closed atomic.Int32
			e := newEndpoint(t, soap.Legacy{})
			e.rec.audio = func() *recording.Audio { return audio(&closed) }
			w := e.get(retrieveOK)
			wantStatus(t, w, http.StatusInternalServerError)
			if w.Body.String() != "internal error\n" {
				t.Errorf("body %q", w.Body)
			}
			if _, refused, _ := e.rec.takeCalls(); len(refused) != 1 || closed.Load() != 1 {
				t.Errorf("access log %q, closed %d times", refused, closed.Load())
			}
			if !strings.Contains(e.log.String(), "level=ERROR") {
				t.Errorf("log %q", e.log)
			}
		})
	}
}

// TestBrokenAfterFirstByte expects a cut connection: neither a whole answer
// nor anything appended to half of one.
func TestBrokenAfterFirstByte(t *testing.T) {
	var closed atomic.Int32
	outcome := make(chan string, 10)
	e := newEndpoint(t, soap.Legacy{}, func(o *soap.Options) { o.Count = func(_, s string, _ time.Duration) { outcome <- s } })
	const good = 5 * 24 << 10
	e.rec.audio = func() *recording.Audio { return newBroken(good, 1<<20, 1<<20, &closed) }
	server := httptest.NewServer(e)
	defer server.Close()
	for _, query := range []string{retrieveOK, retrieveOK + "&format=envelope", retrieveOK + "&format=wav"} {
		res, err := fetchURL(t, server.URL+soap.Path+"?"+query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil || res.StatusCode != http.StatusOK || bytes.Contains(got, []byte("ault")) || int64(len(got)) >= res.ContentLength {
			t.Errorf("%s: status %d, %d of %d bytes, error %v", query, res.StatusCode, len(got), res.ContentLength, err)
		}
		if o := await.From(t, "the outcome", outcome); o != "cut_off" {
			t.Errorf("counted as %q", o)
		}
	}
	server.Close()
	if closed.Load() != 3 {
		t.Errorf("audio closed %d times, want 3", closed.Load())
	}
}

// TestCallerLeaves hangs up in the middle and waits until the audio is closed.
func TestCallerLeaves(t *testing.T) {
	closed := make(chan struct{})
	e := newEndpoint(t, soap.Legacy{})
	e.rec.audio = func() *recording.Audio {
		a := audioOf(newWAV(64 << 20))
		a.ReadSeekCloser = bytesFile{bytes.NewReader(newWAV(64 << 20)), func() { close(closed) }}
		return a
	}
	server := httptest.NewServer(e)
	defer server.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s?%s HTTP/1.1\r\nHost: x\r\n\r\n", soap.Path, retrieveOK); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the audio is still open")
	}
}

// deadlineRecorder counts how often the write deadline was renewed.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	renewed, writes int
}

func (d *deadlineRecorder) SetWriteDeadline(at time.Time) error {
	if time.Until(at) > 0 {
		d.renewed++
	}
	return nil
}

func (d *deadlineRecorder) Write(b []byte) (int, error) {
	d.writes++
	if d.writes > d.renewed {
		return 0, errors.New("written without a new deadline")
	}
	return d.ResponseRecorder.Write(b)
}

func TestWriteDeadlineIsRenewed(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	e.rec.wav = newWAV(10*24<<10 + 1)
	d := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder()}
	e.ServeHTTP(d, requestWith(retrieveOK))
	if d.renewed != 3 || d.Body.Len() != base64.StdEncoding.EncodedLen(len(e.rec.wav)) {
		t.Errorf("renewed %d times for %d bytes, want 3", d.renewed, d.Body.Len())
	}
}

// TestStreamMemory shows that blocks are used again: what a retrieval
// allocates does not grow with the recording.
func TestStreamMemory(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	allocated := func(n int) float64 {
		wav := newWAV(n)
		e.rec.audio = func() *recording.Audio { return audioOf(wav) }
		return testing.AllocsPerRun(20, func() { e.ServeHTTP(discard{http.Header{}}, requestWith(retrieveOK)) })
	}
	if small, large := allocated(1000), allocated(8<<20); large > small+5 {
		t.Errorf("%.0f allocations for 1 kB, %.0f for 8 MiB", small, large)
	}
}

// discard is an answer that goes nowhere.
type discard struct{ header http.Header }

func (d discard) Header() http.Header              { return d.header }
func (d discard) WriteHeader(int)                  {}
func (d discard) Write(b []byte) (int, error)      { return len(b), nil }
func (d discard) SetWriteDeadline(time.Time) error { return nil }

// TestBrokenAfterFirstBytePanics expects the one panic that net/http takes as
// the order to cut the connection without a word.
func TestBrokenAfterFirstBytePanics(t *testing.T) {
	var closed atomic.Int32
	e := newEndpoint(t, soap.Legacy{})
	e.rec.audio = func() *recording.Audio { return newBroken(96<<10, 1<<20, 1<<20, &closed) }
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // net/http compares the value itself
			t.Errorf("panic %v, want http.ErrAbortHandler", p)
		}
		if closed.Load() != 1 {
			t.Errorf("audio closed %d times", closed.Load())
		}
	}()
	e.get(retrieveOK)
}
