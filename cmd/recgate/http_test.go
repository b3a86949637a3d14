package main

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/asterisk/sim"
	"recgate/config"
	"recgate/recording"
)

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	get := func(t *testing.T, path string) answer { return o.send(t, http.MethodGet, path, "", nil) }
	if got := get(t, "/healthz"); got.status != http.StatusOK || got.body != "ok\n" {
		t.Errorf("/healthz: %d %q", got.status, got.body)
	}
	if got := get(t, "/readyz"); got.status != http.StatusOK || got.body != "ok database\nok archive\nok pbx pbx1\nready\n" {
		t.Errorf("/readyz: %d %q", got.status, got.body)
	}
	if got := get(t, "/recordings"); got.status != http.StatusNotFound || got.body != "there is nothing at this path: the recording API is at "+path+"\n" {
		t.Errorf("/recordings: %d %q", got.status, got.body)
	}
	folder := strings.TrimPrefix(o.cfg.Archive, "file:")
	for _, tt := range []struct {
		name, says string
		away, back func() error
	}{
		{
			"archive", "away archive: the folder of the archive is not there",
			func() error { return os.Rename(folder, folder+"-away") }, func() error { return os.Rename(folder+"-away", folder) },
		},
		{
			"PBX", `away pbx pbx1: the PBX "pbx1" is not connected`,
			func() error { o.sim.Misbehave(sim.Misbehaviour{Kind: sim.Away}); return nil }, func() error { o.sim.Behave(); return nil },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.away(); err != nil {
				t.Fatal(err)
			}
			await(t, tt.says, func() bool {
				got := get(t, "/readyz")
				return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, tt.says+"\n") && strings.HasSuffix(got.body, "not ready\n")
			})
			if got := get(t, "/healthz"); got.status != http.StatusOK {
				t.Errorf("/healthz meanwhile: %d", got.status)
			}
			if err := tt.back(); err != nil {
				t.Fatal(err)
			}
			await(t, "readiness", func() bool { return get(t, "/readyz").status == http.StatusOK })
		})
	}
}

// TestReadinessWithoutDatabase closes the database under the running program.
func TestReadinessWithoutDatabase(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "the database to be away", func() bool {
		got := o.send(t, http.MethodGet, "/readyz", "", nil)
		return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "away database: ")
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
	o.want(t, http.StatusNotFound, nil, "start", "extenOrUniqueId", "999")
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	call.Hangup()
	o.awaitSettled(t, "22")
	o.want(t, http.StatusOK, nil, "retrieve", "tag", "22", "username", "fred")
	got := o.send(t, http.MethodGet, "/metrics", "", nil)
	for _, part := range []string{
		`recgate_starts_total{outcome="ok"} 1`, `recgate_starts_total{outcome="not_found"} 1`, `recgate_stops_total{outcome="ok"} 1`,
		`recgate_pbx_up{pbx="pbx1"} 1`, "go_goroutines",
	} {
		if !strings.Contains(got.body, part) {
			t.Errorf("/metrics lacks %q", part)
		}
	}
	if strings.Contains(got.body, "22\"") {
		t.Error("a tag is in the metrics")
	}
	if t.Failed() {
		for line := range strings.Lines(got.body) {
			if strings.HasPrefix(line, "recgate_") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// TestWhoMayCall: who is not let in does nothing, on any of the doors, and
// health, readiness and metrics stay open.
func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		edit   func(*config.Config)
		status int
		says   string
	}{
		{"allow", func(c *config.Config) { c.Legacy.Allow = nil }, http.StatusForbidden, "calls from 127.0.0.1 are not allowed here"},
		{"keys", func(c *config.Config) { c.Legacy.APIKeys = []config.Secret{"sesame"} }, http.StatusUnauthorized, "an API key is required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 22, tt.edit)
			o.call(t, "410", "411")
			for i, d := range doors() {
				was := o.stateNow(t)
				wantRefusal(t, d, d.call(t, o, "start", [][2]string{{"extenOrUniqueId", "410"}, {"tag", "22"}}), tt.status, tt.says)
				o.wantNothingDone(t, was, false)
				got := d.call(t, o, "retrieve", [][2]string{{"tag", "22"}, {"username", "fred"}})
				wantRefusal(t, d, got, tt.status, tt.says)
				if asks := got.header.Get("WWW-Authenticate") != ""; asks != (tt.status == http.StatusUnauthorized) {
					t.Errorf("%s: the header asks for a password: %v", d.name, asks)
				}
				want := recording.Access{Method: "retrieve", Key: "22", Username: "fred", Remote: "127.0.0.1"}
				lines := o.accesses(t)
				if len(lines) != i+1 {
					t.Fatalf("%s: the access log has %d lines, want %d", d.name, len(lines), i+1)
				}
				want.At, want.Outcome = lines[0].At, lines[0].Outcome
				if diff := cmp.Diff(want, lines[0]); diff != "" || !strings.HasPrefix(want.Outcome, tt.says) {
					t.Errorf("%s: the access log has (-want +got): %s%s", d.name, want.Outcome, diff)
				}
			}
			for _, open := range []string{"/healthz", "/readyz", "/metrics"} {
				if got := o.send(t, http.MethodGet, open, "", nil); got.status != http.StatusOK {
					t.Errorf("%s: %d", open, got.status)
				}
			}
			if tt.name == "keys" {
				o.want(t, http.StatusUnauthorized, nil, "start", "extenOrUniqueId", "410", "apiKey", "simsim")
				o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "apiKey", "sesame")
				for _, d := range doors()[:2] { // those that take arguments by name
					wantRefusal(t, d, d.call(t, o, "stop", [][2]string{{"extenOrUniqueId", "499"}, {"APIKEY", "sesame%20"}}), http.StatusNotFound, "no live call")
				}
				if strings.Contains(o.journal.String(), "sesame") {
					t.Error("the key is in the log")
				}
			}
		})
	}
}

// TestPathsOfCallers: what callers make of a base address with a slash at its
// end is the endpoint all the same.
func TestPathsOfCallers(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	o.call(t, "410", "411")
	for _, odd := range []string{"/" + path, "/." + path, "//." + path + "//", "/servicemanager//services/./njadmin-api-recording"} {
		if got := o.send(t, http.MethodGet, odd+"?method=start&extenOrUniqueId=410&tag=22", "", nil); got.status != http.StatusOK {
			t.Errorf("GET %s: %d %s", odd, got.status, got.body)
		}
		body := envelope("http://schemas.xmlsoap.org/soap/envelope/", "start", [][2]string{{"extenOrUniqueId", "410"}})
		if got := o.send(t, http.MethodPost, odd, "text/xml", strings.NewReader(body)); got.status != http.StatusOK {
			t.Errorf("POST %s: %d %s", odd, got.status, got.body)
		}
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, func(c *config.Config) { c.PublicURL = "https://rec.example.org" })
	got := o.send(t, http.MethodGet, path+"?wsdl", "", nil)
	if got.status != http.StatusOK || !strings.Contains(got.body, `location="https://rec.example.org`+path+`"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	plain := newOffice(t, 22, nil)
	if got := plain.send(t, http.MethodGet, path+"?WSDL", "", nil); !strings.Contains(got.body, `location="`+plain.base+path+`"`) {
		t.Errorf("without public_url: %s", got.body)
	}
}
