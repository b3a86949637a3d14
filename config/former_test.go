package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/config"
)

// TestFormerKeys: the limits of the legacy door may be set where they stood
// before, in the file and in the environment, which wins as ever.
func TestFormerKeys(t *testing.T) {
	want := parse(t, "legacy: {limits: {per_second: 1, burst: 2, per_caller: 3, total: 4, exempt: [192.0.2.7]}}\n"+minimal)
	if l := want.Legacy.Limits; l.PerSecond != 1 || l.Burst != 2 || l.PerCaller != 3 || l.Total != 4 || len(l.Exempt) != 1 {
		t.Fatalf("by their names of today they are %+v", l)
	}
	for name, got := range map[string]config.Config{
		"file":                 parse(t, "limits: {per_second: 1, burst: 2, per_caller: 3, total: 4, exempt: [192.0.2.7]}\n"+minimal),
		"some of each":         parse(t, "limits: {per_second: 1, burst: 2, exempt: [192.0.2.7]}\nlegacy: {limits: {per_caller: 3, total: 4}}\n"+minimal),
		"today's environment":  parse(t, "limits: {per_second: 9, burst: 2, per_caller: 3, total: 4, exempt: [192.0.2.7]}\n"+minimal, "RECGATE_LEGACY_LIMITS_PER_SECOND=1"),
		"former environment":   parse(t, "legacy: {limits: {per_second: 9, burst: 2, per_caller: 3, total: 4}}\n"+minimal, "RECGATE_LIMITS_PER_SECOND=1", "RECGATE_LIMITS_EXEMPT=192.0.2.7"),
		"an empty one is none": parse(t, "limits: {per_second: 1, burst: 2, per_caller: 3, total: 4, exempt: [192.0.2.7]}\n"+minimal, "RECGATE_LIMITS_TOTAL="),
	} {
		if diff := cmp.Diff(want, got, compare); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, tt := range []struct {
		file    string
		environ []string
		says    string
	}{
		{"limits:\n  total: 4\nlegacy:\n  limits:\n    total: 4\n", nil, "recgate.yaml:5: legacy.limits.total: is set together with limits.total: set only one of them"},
		{"legacy:\n  limits:\n    exempt: []\nlimits:\n  exempt: []\n", nil, "recgate.yaml:5: limits.exempt: is set together with legacy.limits.exempt: set only one of them"},
		{"", []string{"RECGATE_LIMITS_BURST=1", "RECGATE_LEGACY_LIMITS_BURST=1"}, "limits.burst: is set together with"},
		{"limits:\n  burst: -1\n", nil, "recgate.yaml:2: legacy.limits.burst: must be 0 (no limit) or more, not -1"},
		{"limits:\n  burst: 1\n  burst: 1\n", nil, "recgate.yaml:3: limits.burst: is set twice"},
		{"limits: {per_minute: 1}\n", nil, "limits.per_minute: unknown key: the keys here are connections"},
	} {
		_, err := config.Parse("recgate.yaml", []byte(tt.file+minimal), tt.environ)
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q %q: %v, want one problem with %q", tt.file, tt.environ, err, tt.says)
		}
	}
}
