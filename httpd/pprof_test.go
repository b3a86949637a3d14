package httpd_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"recgate/httpd"
	"recgate/internal/await"
)

func TestProfiles(t *testing.T) {
	p, err := httpd.NewProfiler(t.Context(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	for _, tt := range []struct {
		path, host string
		status     int
		part       string
	}{
		{"/debug/pprof/", "", 200, "heap"},
		{"/debug/pprof/goroutine?debug=1", "localhost:6060", 200, "goroutine profile"},
		{"/debug/pprof/", "recgate.localhost:6060", 200, "heap"}, // always loopback, as for all doors: see Hosts
		{"/debug/pprof/", "[::1]:6060", 200, "heap"},
		{"/debug/pprof/profile?seconds=1", "", 200, ""},
		{"/debug/pprof/cmdline", "", 403, "only for this machine"},
		{"/debug/pprof/heap", "evil.example:6060", 403, "use 127.0.0.1 or localhost"},
		{"/debug/pprof/heap", "localhost.evil.example", 403, "use 127.0.0.1 or localhost"},
		{"/debug/pprof/heap", "evillocalhost", 403, "use 127.0.0.1 or localhost"},
		{"/debug/pprof/heap", "192.0.2.7", 403, "use 127.0.0.1"},
		{"/", "", 404, "see /debug/pprof/"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Addr().String()+tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if tt.host != "" {
			r.Host = tt.host
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 4000)
		n, _ := res.Body.Read(body) // some of it is enough
		if res.Body.Close(); res.StatusCode != tt.status || !strings.Contains(string(body[:n]), tt.part) {
			t.Errorf("%s as %q: %d %s", tt.path, tt.host, res.StatusCode, body[:n])
		}
	}
	cancel()
	if err := await.From(t, "Run to end", done); err != nil {
		t.Error(err)
	}
}

func TestProfilesForLoopbackAlone(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		if _, err := httpd.NewProfiler(t.Context(), address, nil); err == nil || !strings.Contains(err.Error(), "is not a loopback address: use for example 127.0.0.1:6060") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
