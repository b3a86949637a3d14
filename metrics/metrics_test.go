package metrics_test

import (
	"flag"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/internal/await"
	"recgate/metrics"
)

var update = flag.Bool("update", false, "write testdata/names.txt again: a rename breaks the alarms of operators, say so in the changelog")

// newFull has everything that there is to see.
func newFull() *metrics.Metrics {
	m := metrics.New("1.2.3", []string{"start", "stop", "retrieve"}, []string{"ok", "unavailable"})
	m.CountRequest("start", "ok", 3*time.Millisecond)
	m.CountStart("ok")
	m.CountStop("not_found")
	m.CountRetrieval("ok")
	m.WatchDoor(metrics.Door{Connections: func() (int, int64) { return 7, 8 }, Running: func() int { return 9 }})
	m.WatchCertificate(func() time.Time { return time.Now().Add(36 * time.Hour) }, func() bool { return true })
	m.CountSelfTest("pbx1", true)
	m.AddReason("failed", "refused")
	m.WatchRecordings(metrics.Recordings{Open: func() int { return 3 }, Queue: func() int { return 2 }, Age: func() time.Duration { return 90 * time.Second }})
	m.WatchLedger(metrics.Ledger{
		States: []string{"starting", "recording", "collecting"}, InState: func(state string) int { return len(state) },
		Stalled: func() int { return 7 }, Orphans: func() (int, int) { return 8, 9 }, Missing: func() int { return 10 },
	})
	for _, name := range []string{"archive", "spool of pbx1"} {
		m.WatchDisk(name, func() metrics.Disk { return metrics.Disk{Used: 0.5, Free: 1e9, DaysLeft: math.Inf(1)} })
	}
	for _, name := range []string{"pbx1", "pbx2"} {
		m.WatchPBX(name, func() metrics.PBX {
			return metrics.PBX{
				Connected: true, Up: name == "pbx1", Actions: 1, Wanted: 2, Reconnects: 4,
				Events: 6, Dropped: 5, Lag: 250 * time.Millisecond, Ping: 1500 * time.Microsecond,
			}
		})
	}
	return m
}

// lines returns the lines about recgate itself.
func lines(t *testing.T, m *metrics.Metrics) []string {
	t.Helper()
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", http.NoBody))
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	return slices.DeleteFunc(strings.Split(rec.Body.String(), "\n"), func(l string) bool { return !strings.Contains(l, "recgate_") })
}

// TestNames compares names, types and help texts with the promise.
func TestNames(t *testing.T) {
	var got strings.Builder
	for _, l := range lines(t, newFull()) {
		if strings.HasPrefix(l, "#") {
			got.WriteString(l + "\n")
		}
	}
	if *update {
		if err := os.WriteFile("testdata/names.txt", []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("operators' alarms rest on these (-promised +got):\n%s", diff)
	}
}

func TestValues(t *testing.T) {
	m := newFull()
	m.CountRequest("start", "ok", 3*time.Millisecond)
	m.AddServed(1000)
	m.AddServed(-1) // nothing was served
	m.AddServed(44)
	m.CountSettled("lost", "no_file")
	m.CountRetried()
	m.CountTransaction(true, time.Millisecond, false)
	m.CountTransaction(true, time.Second, true)
	m.CountTransaction(false, time.Millisecond, false)
	all := lines(t, m)
	for _, want := range []string{
		`recgate_requests_total{method="start",outcome="ok"} 2`,
		`recgate_starts_total{outcome="ok"} 1`,
		`recgate_stops_total{outcome="not_found"} 1`,
		`recgate_retrievals_total{outcome="ok"} 1`,
		`recgate_served_bytes_total 1044`,
		`recgate_recordings_total{state="ready"} 0`,
		`recgate_recordings_total{state="empty"} 0`,
		`recgate_recordings_total{state="failed"} 0`,
		`recgate_recordings_total{state="lost"} 1`,
		`recgate_recordings_reason_total{code="no_file",state="lost"} 1`,
		`recgate_recordings_reason_total{code="refused",state="failed"} 0`,
		`recgate_collect_retries_total 1`,
		`recgate_recordings_open 3`,
		`recgate_collect_queue 2`,
		`recgate_collect_oldest_seconds 90`,
		`recgate_request_seconds_bucket{method="start",le="0.0025"} 0`,
		`recgate_request_seconds_bucket{method="start",le="0.005"} 2`,
		`recgate_request_seconds_count{method="stop"} 0`,
		`recgate_requests_total{method="retrieve",outcome="unavailable"} 0`,
		`recgate_database_seconds_count{operation="write"} 2`,
		`recgate_database_seconds_count{operation="read"} 1`,
		`recgate_database_errors_total{operation="write"} 1`,
		`recgate_database_errors_total{operation="read"} 0`,
		`recgate_pbx_up{pbx="pbx1"} 1`,
		`recgate_pbx_up{pbx="pbx2"} 0`,
		`recgate_ami_connected{pbx="pbx2"} 1`,
		`recgate_ami_action_connections{pbx="pbx1"} 1`,
		`recgate_ami_action_connections_wanted{pbx="pbx1"} 2`,
		`recgate_ami_event_lag_seconds{pbx="pbx1"} 0.25`,
		`recgate_ami_events_total{pbx="pbx1"} 6`,
		`recgate_ami_reconnects_total{pbx="pbx1"} 4`,
		`recgate_ami_events_dropped_total{pbx="pbx2"} 5`,
		`recgate_ami_ping_seconds{pbx="pbx1"} 0.0015`,
	} {
		if !slices.Contains(all, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(all, "\n"))
		}
	}
	build := func(l string) bool {
		return strings.HasPrefix(l, "recgate_build_info{") && strings.Contains(l, `version="1.2.3"`) && strings.HasSuffix(l, " 1")
	}
	if !slices.ContainsFunc(all, build) {
		t.Errorf("no build info in\n%s", strings.Join(all, "\n"))
	}
}

// TestTwoAtOnce: there is no global registry in which two would collide, and
// counting while looking is not a race.
func TestTwoAtOnce(t *testing.T) {
	one, two := newFull(), newFull()
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() { one.CountStart("ok"); two.CountSettled("ready", "hung_up") })
	}
	lines(t, one)
	await.Return(t, "all that was started to return", wait.Wait)
	if !slices.Contains(lines(t, one), `recgate_starts_total{outcome="ok"} 101`) || !slices.Contains(lines(t, two), `recgate_starts_total{outcome="ok"} 1`) {
		t.Error("the two count into each other, or miss counts")
	}
}
