package soap_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/mux"

	"recgate/recording"
	"recgate/soap"
)

// fakeRecorder keeps what it was called with, and obeys Recorder's contract:
// it finds no channel for 999, no recording for nosuch, and misses what is
// empty as the core does.
type fakeRecorder struct {
	wav []byte
	// audio opens what a retrieval gives back; nil: wav.
	audio func() *recording.Audio
	// fail is what the next calls answer, or nil.
	fail error

	mu      sync.Mutex // guards the rest
	calls   []string
	last    lastCall
	refused []string
}

// lastCall holds the values of the newest call.
type lastCall struct{ target, pbx, tag, key, username, remote string }

func (f *fakeRecorder) note(l lastCall, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	f.last = l
}

// takeCalls returns the calls and the refusals since the last time.
func (f *fakeRecorder) takeCalls() (calls, refused []string, last lastCall) {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls, refused, last = f.calls, f.refused, f.last
	f.calls, f.refused, f.last = nil, nil, lastCall{}
	return calls, refused, last
}

func (f *fakeRecorder) Start(_ context.Context, r recording.StartRequest) (recording.Recording, error) {
	f.note(lastCall{target: r.Target, pbx: r.PBX, tag: r.Tag, remote: r.Actor.Remote}, "start [%s] [%s]", r.Target, r.Tag)
	return recording.Recording{}, f.channel(r.Target)
}

func (f *fakeRecorder) Stop(_ context.Context, r recording.StopRequest) (recording.Recording, error) {
	f.note(lastCall{target: r.Target, pbx: r.PBX, remote: r.Actor.Remote}, "stop [%s]", r.Target)
	return recording.Recording{}, f.channel(r.Target)
}

func (f *fakeRecorder) channel(target string) error {
	switch {
	case f.fail != nil:
		return f.fail
	case target == "":
		return recording.Errorf(recording.Invalid, "extenOrUniqueId is missing or empty")
	case target == "999":
		return recording.Errorf(recording.NotFound, "No channel found for %s", target)
	case target == "runtime":
		return recording.Errorf(recording.NotFound, "runtime <boom> & \u00e9")
	case target == "npe":
		return fmt.Errorf("open /var/lib/secret: %w", io.ErrUnexpectedEOF)
	case target == "axisfault":
		return recording.Errorf(recording.NotFound, "no such channel")
	}
	return nil
}

func (f *fakeRecorder) Retrieve(_ context.Context, r recording.RetrieveRequest) (*recording.Audio, error) {
	f.note(lastCall{key: r.Key, username: r.Actor.Username, remote: r.Actor.Remote}, "retrieve [%s] [%s]", r.Key, r.Actor.Username)
	return f.findAudio("tag", r)
}

func (f *fakeRecorder) RetrieveByUniqueID(_ context.Context, r recording.RetrieveRequest) (*recording.Audio, error) {
	f.note(lastCall{key: r.Key, username: r.Actor.Username, remote: r.Actor.Remote}, "retrieveByUniqueId [%s] [%s]", r.Key, r.Actor.Username)
	return f.findAudio("uniqueId", r)
}

func (f *fakeRecorder) findAudio(arg string, r recording.RetrieveRequest) (*recording.Audio, error) {
	switch {
	case f.fail != nil:
		return nil, f.fail
	case r.Actor.Username == "":
		return nil, recording.Errorf(recording.Invalid, "username is missing or empty")
	case r.Key == "":
		return nil, recording.Errorf(recording.Invalid, "%s is missing or empty", arg)
	case r.Key == "nosuch" || r.Key == "null":
		return nil, recording.Errorf(recording.NotFound, "No recording found for %s %s", arg, r.Key)
	case f.audio != nil:
		return f.audio(), nil
	}
	return audioOf(f.wav), nil
}

func (f *fakeRecorder) Refused(_ context.Context, r recording.RetrieveRequest, method string, cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = append(f.refused, fmt.Sprintf("%s [%s] [%s] %s", method, r.Key, r.Actor.Username, recording.Message(cause)))
}

// bytesFile is audio in memory; it reports whether it was closed.
type bytesFile struct {
	*bytes.Reader
	closed func()
}

func (b bytesFile) Close() error {
	if b.closed != nil {
		b.closed()
	}
	return nil
}

func audioOf(wav []byte) *recording.Audio {
	return &recording.Audio{Bytes: int64(len(wav)), ReadSeekCloser: bytesFile{Reader: bytes.NewReader(wav)}}
}

// newWAV is n bytes in which every block differs.
func newWAV(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 ^ i>>8 ^ i>>16)
	}
	copy(b, "RIFF")
	return b
}

// endpoint is a handler in a router, with what it calls and what it logs.
type endpoint struct {
	http.Handler
	rec *fakeRecorder
	log *bytes.Buffer
}

func newEndpoint(t testing.TB, legacy soap.Legacy, change ...func(*soap.Options)) endpoint {
	t.Helper()
	e := endpoint{rec: &fakeRecorder{wav: newWAV(1000)}, log: &bytes.Buffer{}}
	o := soap.Options{
		Recorder: e.rec, Legacy: legacy,
		Log: slog.New(slog.NewTextHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	router := mux.NewRouter()
	soap.New(o).Register(router)
	e.Handler = router
	return e
}

// do sends a request and returns the answer.
func (e endpoint) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.Background(), method, target, in)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return e.serve(r)
}

// get asks the endpoint by GET.
func (e endpoint) get(query string, header ...string) *httptest.ResponseRecorder {
	r := requestWith(query)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return e.serve(r)
}

// requestWith is a GET with any bytes as its query.
func requestWith(query string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, soap.Path, nil)
	r.URL.RawQuery = query
	return r
}

// serve answers a request.
func (e endpoint) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

// wantCalls checks what the recorder was called with since the last time.
func (e endpoint) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	if calls, _, _ := e.rec.takeCalls(); !slices.Equal(calls, want) {
		t.Errorf("called %q, want %q", calls, want)
	}
}

// wantStatus checks the status of an answer.
func wantStatus(t *testing.T, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("status %d, want %d; body: %.300s", w.Code, want, w.Body)
	}
}

// wantText checks that the body holds each of the texts.
func wantText(t *testing.T, w *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("body lacks %q: %.600s", text, w.Body)
		}
	}
}
