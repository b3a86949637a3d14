package httpd_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"recgate/httpd"
	"recgate/internal/await"
	"recgate/internal/child"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal is a log that can be read while it is written.
type journal struct{ child.Buffer }

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// runServer is a server that Run serves until stop, which returns its error.
func runServer(t *testing.T, o httpd.Options, mount func(*httpd.Server)) (base string, stop func() error) {
	t.Helper()
	l, err := httpd.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listener = l
	s := httpd.New(o)
	if mount != nil {
		mount(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + s.Addr().String(), stop
}

// client keeps no connection, which goleak would find.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: await.Patience}

func get(ctx context.Context, url string) (status int, body string, header http.Header, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), res.Header, errors.Join(err, res.Body.Close())
}

func TestRoutes(t *testing.T) {
	s := httpd.New(httpd.Options{})
	s.Mount("/door", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method, " door") }))
	s.MountTree("/tree/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "tree ", r.URL.Path) }))
	for _, tt := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/door", 200, "GET door"},
		{"GET", "/door/", 200, "GET door"},
		{"POST", "/door?wsdl", 200, "POST door"},
		{"GET", "/do%6Fr", 200, "GET door"},
		{"GET", "/doors", 404, "there is nothing at this path\n"},
		{"GET", "//door", 404, "there is nothing at this path\n"},
		{"GET", "/x/../door", 404, "there is nothing at this path\n"},
		{"GET", "/tree/a/b", 200, "tree /tree/a/b"},
		{"GET", "//tree//a///b", 200, "tree /tree/a/b"},
		{"GET", "/./tree/./a/b/.", 200, "tree /tree/a/b/"},
		{"POST", "///tree/a//", 200, "tree /tree/a/"},
		{"GET", "/%2e/tree/a", 404, "there is nothing at this path\n"},
		{"GET", "//tree/a/.b/c./...", 200, "tree /tree/a/.b/c./..."},
		{"GET", "//x/../tree/a", 404, "there is nothing at this path\n"},
		{"GET", "//x/%2e%2E/tree/a", 404, "there is nothing at this path\n"},
		{"GET", "/tree%2F/a", 404, "there is nothing at this path\n"},
		{"GET", "/./metrics", 404, "there is nothing at this path\n"},
		{"GET", "//healthz", 404, "there is nothing at this path\n"},
		{"GET", "/", 404, "there is nothing at this path\n"},
		{"GET", "/healthz", 200, "ok\n"},
		{"POST", "/healthz", 405, "only GET and HEAD are allowed here\n"},
		{"GET", "/readyz", 200, "ready\n"},
	} {
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, httptest.NewRequest(tt.method, tt.path, http.NoBody))
		if rec.Code != tt.status || rec.Body.String() != tt.body {
			t.Errorf("%s %s: %d %q, want %d %q", tt.method, tt.path, rec.Code, rec.Body, tt.status, tt.body)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := rec.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", tt.path, name, got)
			}
		}
		if csp := rec.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'unsafe-inline'") {
			t.Errorf("%s: the policy is %q", tt.path, csp)
		}
	}
}

func TestAddressTaken(t *testing.T) {
	l, err := httpd.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	for address, want := range map[string]string{
		l.Addr().String(): "listen " + l.Addr().String() + ": already in use: ",
		"192.0.2.1:8080":  "listen 192.0.2.1:8080: not an address of this machine: ",
		"nonsense":        "listen nonsense: ",
	} {
		if _, err := httpd.Listen(t.Context(), address); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Listen(%q): %v, want %q", address, err, want)
		}
	}
}

// TestDrain: a stop lets the request under way end, and takes no other.
func TestDrain(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	base, stop := runServer(t, httpd.Options{}, func(s *httpd.Server) {
		s.Mount("/slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(begun)
			<-finish
			fmt.Fprint(w, "whole, ", r.Context().Err())
		}))
	})
	var wait sync.WaitGroup
	wait.Go(func() {
		if status, body, _, err := get(context.Background(), base+"/slow"); err != nil || status != 200 || body != "whole, <nil>" {
			t.Errorf("the request under way got %d %q, %v", status, body, err)
		}
	})
	await.From(t, "the request to arrive", begun)
	wait.Go(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; { // until the listener is closed
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close() // nothing was sent
		if time.Now().After(deadline) {
			t.Fatal("a server that stops still listens")
		}
	}
	close(finish)
	await.Return(t, "all that was started to return", wait.Wait)
}

// TestDrainHasALimit: a request that does not end is cut off.
func TestDrainHasALimit(t *testing.T) {
	begun, log := make(chan struct{}), &journal{}
	base, stop := runServer(t, httpd.Options{Drain: time.Millisecond, Log: log.logger()}, func(s *httpd.Server) {
		s.Mount("/stuck", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
		}))
	})
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, _, _, err := get(context.Background(), base+"/stuck"); err == nil {
			t.Error("the stuck request got an answer")
		}
	})
	await.From(t, "the request to arrive", begun)
	if err := stop(); err != nil {
		t.Error(err)
	}
	await.Return(t, "all that was started to return", wait.Wait)
	if !strings.Contains(log.String(), "requests cut off") {
		t.Errorf("the log does not say so: %s", log)
	}
}

func TestListenerFails(t *testing.T) {
	l, err := httpd.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := httpd.New(httpd.Options{Listener: l}).Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestGreatHeader(t *testing.T) {
	base, _ := runServer(t, httpd.Options{}, nil)
	for size, want := range map[int]int{60 << 10: 200, 80 << 10: 431} {
		status, _, _, err := get(t.Context(), base+"/healthz?"+strings.Repeat("x", size))
		if err != nil || status != want {
			t.Errorf("%d bytes: %d, %v; want %d", size, status, err, want)
		}
	}
}

func TestAccessLog(t *testing.T) {
	log := &journal{}
	s := httpd.New(httpd.Options{Log: log.logger()})
	s.Mount("/door", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusConflict)
		}
		fmt.Fprint(w, "12345")
	}))
	s.Mount("/silent", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var ids []string
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "/door?tag=secret&apiKey=secret", http.NoBody),
		httptest.NewRequest("POST", "/door", http.NoBody),
		httptest.NewRequest("GET", "/silent", http.NoBody),
		httptest.NewRequest("GET", "/healthz", http.NoBody),
		httptest.NewRequest("GET", "/"+strings.Repeat("x", 5000), http.NoBody),
	} {
		r.RemoteAddr = "192.0.2.7:1234"
		r.Header.Set("X-Request-Id", "forged")
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, r)
		ids = append(ids, rec.Header().Get("X-Request-Id"))
	}
	type entry struct {
		Level, Msg           string
		ID                   string `json:"request"`
		Method, Path, Remote string
		Status, Bytes        int
		Whole                bool
	}
	var got []entry
	for dec := json.NewDecoder(strings.NewReader(log.String())); dec.More(); {
		var e entry
		if err := dec.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if len(e.ID) != 16 || e.ID == "forged" {
			t.Errorf("the id is %q", e.ID)
		}
		got = append(got, e)
	}
	want := []entry{
		{"INFO", "request", ids[0], "GET", "/door", "192.0.2.7", 200, 5, true},
		{"INFO", "request", ids[1], "POST", "/door", "192.0.2.7", 409, 5, true},
		{"INFO", "request", ids[2], "GET", "/silent", "192.0.2.7", 200, 0, true},
		{"DEBUG", "request", ids[3], "GET", "/healthz", "192.0.2.7", 200, 3, true},
		{"INFO", "request", ids[4], "GET", "/" + strings.Repeat("x", 255), "192.0.2.7", 404, 30, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log holds the query: %s", log)
	}
}

func TestNotFoundInTheWordsOfTheProgram(t *testing.T) {
	rec := httptest.NewRecorder()
	httpd.New(httpd.Options{NotFound: "the door is at /door"}).Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/", http.NoBody))
	if rec.Code != 404 || rec.Body.String() != "the door is at /door\n" {
		t.Errorf("%d %q", rec.Code, rec.Body)
	}
}

// TestBodyOfAGet: it is answered although the body never comes, and the
// connection is given up.
func TestBodyOfAGet(t *testing.T) {
	base, _ := runServer(t, httpd.Options{}, func(s *httpd.Server) {
		s.Mount("/door", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprint(w, len(b), " bytes, ", err)
		}))
	})
	for _, head := range []string{"Content-Length: 104857600", "Transfer-Encoding: chunked"} {
		t.Run(head, func(t *testing.T) {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // below the server's own
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "GET /door HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", head)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil || string(body) != "0 bytes, <nil>" || !res.Close {
				t.Errorf("%q, close %v, %v", body, res.Close, err)
			}
		})
	}
}

func TestRequestIDInTheLog(t *testing.T) {
	log := &journal{}
	logger := slog.New(httpd.LogHandler(log.logger().Handler())).With("a", 1)
	s := httpd.New(httpd.Options{})
	s.Mount("/door", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { logger.InfoContext(r.Context(), "asked") }))
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/door", http.NoBody))
	if want := `"request":"` + rec.Header().Get("X-Request-Id") + `"`; !strings.Contains(log.String(), want) {
		t.Errorf("%s lacks %s", log, want)
	}
	logger.Info("outside of requests")
	if strings.Count(log.String(), `"request"`) != 1 {
		t.Errorf("an id came from nowhere: %s", log)
	}
}

func TestPanics(t *testing.T) {
	log := &journal{}
	base, _ := runServer(t, httpd.Options{Log: log.logger()}, func(s *httpd.Server) {
		s.Mount("/panic", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			panic("secret detail")
		}))
		s.Mount("/half", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "half")
			panic("later")
		}))
		s.Mount("/abort", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	})
	status, body, header, err := get(t.Context(), base+"/panic")
	want := "internal error: request " + header.Get("X-Request-Id") + " in the log says more\n"
	if err != nil || status != 500 || body != want {
		t.Errorf("%d %q (%v), want 500 %q", status, body, err, want)
	}
	for _, path := range []string{"/half", "/abort"} {
		if status, body, _, err := get(t.Context(), base+path); err == nil {
			t.Errorf("%s passes for a whole answer: %d %q", path, status, body)
		}
	}
	if got := strings.Count(log.String(), "handler panicked"); got != 2 {
		t.Errorf("%d panics in the log, want 2 (an abort is none): %s", got, log)
	}
}

// TestDeadlineCanBeRenewed: handlers that stream reach the connection.
func TestDeadlineCanBeRenewed(t *testing.T) {
	base, _ := runServer(t, httpd.Options{}, func(s *httpd.Server) {
		s.Mount("/stream", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			c := http.NewResponseController(w)
			fmt.Fprint(w, errors.Join(c.SetWriteDeadline(time.Now().Add(time.Hour)), c.Flush()))
		}))
	})
	if _, body, _, err := get(t.Context(), base+"/stream"); err != nil || body != "<nil>" {
		t.Errorf("%q, %v", body, err)
	}
}
