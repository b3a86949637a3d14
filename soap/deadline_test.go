package soap_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"recgate/recording"
	"recgate/soap"
)

// endlessBody is audio whose second block comes late, unless the request ends
// before it.
type endlessBody struct {
	*bytes.Reader
	ctx   context.Context //nolint:containedctx // of the one request
	after time.Duration
	read  int
}

func (w *endlessBody) Read(p []byte) (int, error) {
	if w.read++; w.read > 1 {
		select {
		case <-w.ctx.Done():
			return 0, w.ctx.Err()
		case <-time.After(w.after):
		}
	}
	return w.Reader.Read(p)
}

func (w *endlessBody) Close() error { return nil }

// TestAudioOutlivesTheReadTimeout: the server's time for reading a request
// does not end one whose audio takes longer, nor its context, with which an
// archive on the network is read; the time for writing is renewed per block.
func TestAudioOutlivesTheReadTimeout(t *testing.T) {
	const timeout = 200 * time.Millisecond
	e := newEndpoint(t, soap.Legacy{})
	e.rec.wav = newWAV(30 << 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.rec.audio = func() *recording.Audio {
			return &recording.Audio{Bytes: int64(len(e.rec.wav)), ReadSeekCloser: &endlessBody{Reader: bytes.NewReader(e.rec.wav), ctx: r.Context(), after: 3 * timeout}}
		}
		e.ServeHTTP(w, r)
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = timeout, timeout
	server.Start()
	defer server.Close()
	res, err := fetchURL(t, server.URL+soap.Path+"?"+retrieveOK+"&format=wav")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, e.rec.wav) {
		t.Errorf("%d of %d bytes came, %v", len(got), len(e.rec.wav), err)
	}
}
