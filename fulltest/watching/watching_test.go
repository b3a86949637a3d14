//go:build full

package watching_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/lab"
	"recgate/metrics"
)

// promtool runs the tool that fulltest/install unpacks, in the folder of the
// rules.
func promtool(t *testing.T, in []byte, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(lab.Cache(t), "promtool/usr/bin/promtool"), args...)
	cmd.Dir, cmd.Stdin = "../../packaging/prometheus", bytes.NewReader(in)
	out, err := child.Output(await.Patience, cmd)
	if err != nil && cmd.ProcessState == nil {
		t.Fatalf("promtool, which fulltest/install brings: %v", err)
	}
	return out, err
}

func TestAlerts(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "recgate.rules.yml"}, {"test", "rules", "recgate.test.yml"}} {
		if out, err := promtool(t, nil, args...); err != nil || !strings.Contains(out, "SUCCESS") {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestDashboard has the queries of all panels parsed, as rules that record them.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../../packaging/grafana/recgate.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	n := 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			n++
			expr := strings.NewReplacer("$__rate_interval", "5m", "$__range", "6h", "$job", ".*").Replace(target.Expr)
			fmt.Fprintf(&rules, "      - {record: 'panel_%d', expr: %q}\n", n, expr)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, nil, "check", "rules", file); err != nil || !strings.Contains(out, fmt.Sprintf("SUCCESS: %d rules found", n)) {
		t.Errorf("the queries of the dashboard: %v\n%s", err, out)
	}
}

// TestMetrics has names, types and help texts judged.
func TestMetrics(t *testing.T) {
	m := metrics.New("1.2.3", []string{"start", "stop", "retrieve"}, []string{"ok", "unavailable"})
	m.WatchPBX("pbx1", func() metrics.PBX { return metrics.PBX{} })
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if out, err := promtool(t, rec.Body.Bytes(), "check", "metrics"); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
