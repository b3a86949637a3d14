package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMetricsAreDocumented compares /metrics of a gateway that does something
// with the table of docs/operations.md, names and labels, and with the names
// that are promised. What nobody has counted yet is there too, at 0.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	o.metrics.CountSelfTest("pbx1", true) // there from the first one on
	shown := shownMetrics(t, o)
	if diff := cmp.Diff(documentedMetrics(t), shown); diff != "" {
		t.Errorf("the table of docs/operations.md and /metrics differ (-documented +shown):\n%s", diff)
	}
	promised, err := os.ReadFile("../../metrics/testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name := range shown {
		if !strings.Contains(string(promised), "# HELP "+name+" ") {
			t.Errorf("metrics/testdata/names.txt does not have %s", name)
		}
	}
	if got, want := len(shown), strings.Count(string(promised), "# HELP "); got != want {
		t.Errorf("%d metrics are shown and %d are promised", got, want)
	}
}

// TestNobodyMakesMetrics: what callers send makes no series, which would stay
// in memory forever.
func TestNobodyMakesMetrics(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	before := series(t, o)
	for i := range 20 {
		word := fmt.Sprintf("word%d", i)
		o.send(t, http.MethodGet, path+"?method="+word, "", nil)
		o.send(t, http.MethodGet, path+"?method=start&extenOrUniqueId=9"+fmt.Sprint(i)+"&tag="+word+"&pbx="+word, "", nil)
		o.send(t, http.MethodGet, path+"?method=retrieve&tag="+word+"&username="+word, "", nil)
		o.send(t, http.MethodPost, path, "application/soap+xml", strings.NewReader("<"+word+"/>"))
		o.send(t, http.MethodGet, "/"+word, "", nil)
	}
	if diff := cmp.Diff(before, series(t, o)); diff != "" {
		t.Errorf("callers made series (-before +after):\n%s", diff)
	}
}

var sample = regexp.MustCompile(`(?m)^(recgate_[a-z_]+)(?:\{(.*)\})? \S+$`)

// series are the samples about recgate without their values.
func series(t *testing.T, o *office) []string {
	t.Helper()
	var all []string
	for _, m := range sample.FindAllStringSubmatch(o.send(t, http.MethodGet, "/metrics", "", nil).body, -1) {
		all = append(all, m[1]+"{"+m[2]+"}")
	}
	slices.Sort(all)
	return all
}

var labelled = regexp.MustCompile(`([a-z_]+)="`)

// shownMetrics are the metrics about recgate, with the names of their labels.
func shownMetrics(t *testing.T, o *office) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, s := range series(t, o) {
		name, labels, _ := strings.Cut(s, "{")
		if base, found := strings.CutSuffix(name, "_bucket"); found {
			name = base
		} else if strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count") {
			continue
		}
		var names []string
		for _, m := range labelled.FindAllStringSubmatch(labels, -1) {
			if m[1] != "le" {
				names = append(names, m[1])
			}
		}
		slices.Sort(names)
		all[name] = strings.Join(names, ", ")
	}
	return all
}

var row = regexp.MustCompile("(?m)^\\| `(recgate_[a-z_]+)` \\|([^|]*)\\|")

// documentedMetrics returns the metrics in the table, with the names of their labels.
func documentedMetrics(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		names := strings.Split(strings.TrimSpace(strings.ReplaceAll(m[2], "`", "")), ", ")
		slices.Sort(names)
		all[m[1]] = strings.Join(names, ", ")
	}
	return all
}
