package papers_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	metricName = regexp.MustCompile(`\brecgate_[a-z_]+`)
	promised   = regexp.MustCompile(`(?m)^# TYPE (recgate_[a-z_]+) ([a-z]+)$`)
	alertName  = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)
	raised     = regexp.MustCompile(`alertname: (\w+)\n +exp_alerts:\n`)
	quietAlert = regexp.MustCompile(`eval_time: \w+, alertname: (\w+)}`)
	explained  = regexp.MustCompile("(?m)^\\| `Recgate.*$")
)

// metricNames are all names that a query may use.
func metricNames(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, m := range promised.FindAllStringSubmatch(readPage(t, "metrics/testdata/names.txt"), -1) {
		if m[2] == "histogram" {
			all = append(all, m[1]+"_bucket", m[1]+"_sum", m[1]+"_count")
			continue
		}
		all = append(all, m[1])
	}
	if len(all) < 10 {
		t.Fatalf("only %d metrics found", len(all))
	}
	return all
}

// TestAlertsAskForWhatIsThere looks at the queries of the alerts, and demands
// that each alert is explained and was seen raised and quiet. That they parse
// and do so is seen by fulltest/watching.
func TestAlertsAskForWhatIsThere(t *testing.T) {
	known := metricNames(t)
	rules := readPage(t, "packaging/prometheus/recgate.rules.yml")
	for _, name := range metricName.FindAllString(rules+readPage(t, "packaging/prometheus/recgate.test.yml"), -1) {
		if !slices.Contains(known, name) {
			t.Errorf("packaging/prometheus asks for %s, which is no metric", name)
		}
	}
	tests := readPage(t, "packaging/prometheus/recgate.test.yml")
	table := strings.Join(explained.FindAllString(readPage(t, "docs/operations.md"), -1), "\n")
	alerts := alertName.FindAllStringSubmatch(rules, -1)
	if len(alerts) < 5 {
		t.Fatalf("only %d alerts found", len(alerts))
	}
	for _, m := range alerts {
		named := func(pattern *regexp.Regexp) bool {
			return slices.ContainsFunc(pattern.FindAllStringSubmatch(tests, -1), func(found []string) bool { return found[1] == m[1] })
		}
		if !named(raised) || !named(quietAlert) {
			t.Errorf("recgate.test.yml does not see the alert %s raised and quiet", m[1])
		}
		if !strings.Contains(table, "`"+m[1]+"`") {
			t.Errorf("docs/operations.md does not say what to do about the alert %s", m[1])
		}
	}
}

// dashboard is what is looked at of Grafana's format.
type dashboard struct {
	UID        string
	Panels     []panel
	Templating struct{ List []struct{ Name string } }
}

type panel struct {
	ID          int
	Title       string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ RefID, Expr, LegendFormat string }
}

var variable = regexp.MustCompile(`\$\{?(\w+)`)

// TestDashboardAsksForWhatIsThere looks at every query of the dashboard, at
// the variables in them, and at where its panels are.
func TestDashboardAsksForWhatIsThere(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal([]byte(readPage(t, "packaging/grafana/recgate.json")), &d); err != nil {
		t.Fatal(err)
	}
	variables := []string{"__rate_interval", "__range"} // Grafana's own
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	known, used := metricNames(t), map[string]bool{}
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("the panel %q lacks an id of its own, a title, a description or a query", p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is || x >= 24 {
					t.Fatalf("the panel %q lies on %q or outside", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			for _, name := range names {
				used[name] = true
				if !slices.Contains(known, name) {
					t.Errorf("the panel %q asks for %s, which is no metric", p.Title, name)
				}
			}
			for _, m := range variable.FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(variables, m[1]) {
					t.Errorf("the panel %q uses the variable %s, which is not there", p.Title, m[1])
				}
			}
			if len(names) == 0 || !strings.Contains(target.Expr, `{job=~"$job"`) {
				t.Errorf("the panel %q asks %q, which does not choose the job", p.Title, target.Expr)
			}
		}
	}
	if len(used) < 15 {
		t.Errorf("the dashboard shows only %d metrics", len(used))
	}
}
