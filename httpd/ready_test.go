package httpd_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"recgate/httpd"
	"recgate/recording"
)

func askReady(s *httpd.Server, accept string) (int, string) {
	r := httptest.NewRequest("GET", "/readyz", http.NoBody)
	r.Header.Set("Accept", accept)
	status, body, _ := ask(s.Handler(), r)
	return status, body
}

func succeed(context.Context) error { return nil }

func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pbx error
		asked, log := 0, &journal{}
		s := httpd.New(httpd.Options{
			Log: log.logger(),
			Checks: []httpd.Check{{Name: "database", Run: succeed}, {Name: "pbx1", Run: func(context.Context) error {
				asked++
				return pbx
			}}},
		})
		want := func(when string, status int, body string) {
			t.Helper()
			if gotStatus, got := askReady(s, ""); gotStatus != status || got != body {
				t.Errorf("%s: %d %q, want %d %q", when, gotStatus, got, status, body)
			}
		}
		want("at first", 200, "ok database\nok pbx1\nready\n")
		pbx = &recording.Error{Code: recording.Unavailable, Msg: "it is down", Err: errors.New("dial 10.0.0.1: refused")}
		want("within a second", 200, "ok database\nok pbx1\nready\n")
		time.Sleep(time.Second) // of the bubble's clock
		want("when it is away", 503, "ok database\naway pbx1: it is down\nnot ready\n")
		status, body := askReady(s, "application/json")
		if want := `{"ready":false,"checks":[{"name":"database","ok":true},{"name":"pbx1","ok":false,"message":"it is down"}]}` + "\n"; status != 503 || body != want {
			t.Errorf("as JSON: %d %s, want %s", status, body, want)
		}
		time.Sleep(time.Second)
		want("still away", 503, "ok database\naway pbx1: it is down\nnot ready\n")
		pbx = nil
		want("just asked", 503, "ok database\naway pbx1: it is down\nnot ready\n")
		time.Sleep(100 * time.Millisecond)
		want("back", 200, "ok database\nok pbx1\nready\n")
		if asked != 4 {
			t.Errorf("asked %d times, want 4", asked)
		}
		if away, back := strings.Count(log.String(), "dependency away"), strings.Count(log.String(), "dependency back"); away != 1 || back != 1 {
			t.Errorf("%d times away, %d times back in the log:\n%s", away, back, log)
		}
	})
}

// TestReadyIsQuick: checks run side by side, each for two seconds at most;
// one that hangs for good is not started again.
func TestReadyIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, hung := make(chan struct{}), atomic.Int32{}
		s := httpd.New(httpd.Options{Checks: []httpd.Check{
			{Name: "polite", Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			{Name: "hung", Run: func(context.Context) error { hung.Add(1); <-release; return nil }},
			{Name: "panics", Run: func(context.Context) error { panic("x") }},
		}})
		const want = "away polite: no answer within two seconds\naway hung: no answer within two seconds\naway panics: internal error\nnot ready\n"
		for range 3 {
			begun := time.Now()
			if status, body := askReady(s, ""); status != 503 || body != want {
				t.Errorf("%d %q, want %q", status, body, want)
			}
			if took := time.Since(begun); took != 2*time.Second { // exact: the bubble's clock
				t.Errorf("took %v", took)
			}
			time.Sleep(time.Second)
		}
		if hung.Load() != 1 {
			t.Errorf("the hung check was started %d times", hung.Load())
		}
		close(release)
		synctest.Wait()
		if status, body := askReady(s, ""); !strings.Contains(body, "ok hung\n") {
			t.Errorf("%d %q", status, body)
		}
	})
}

// TestReadyForACallerWhoLeaves: the round goes on for those who wait.
func TestReadyForACallerWhoLeaves(t *testing.T) {
	s := httpd.New(httpd.Options{Checks: []httpd.Check{{Name: "database", Run: func(ctx context.Context) error { return ctx.Err() }}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, body, _ := ask(s.Handler(), httptest.NewRequestWithContext(ctx, "GET", "/readyz", http.NoBody)); status != 200 {
		t.Errorf("%d %q", status, body)
	}
}
