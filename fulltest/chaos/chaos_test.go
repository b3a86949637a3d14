//go:build full

package chaos_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"recgate/fulltest/chaos"
)

// seed is CHAOS_SEED, or another one each time.
func seed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("CHAOS_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano()) % 1_000_000
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("CHAOS_SEED %q is not a number", text)
	}
	return n
}

func play(t *testing.T, s chaos.Scene) {
	t.Logf("seed %d: CHAOS_SEED=%d draws the same plan again", s.Seed, s.Seed)
	report := chaos.Run(t, s)
	t.Logf("\n%s", report)
	if n := len(report.Violations); n > 0 {
		t.Errorf("%d things are not explained", n)
	}
}

// lasts is how long a run lasts: half of CHAOS_TIME, or short enough for every
// test run.
func lasts(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("CHAOS_TIME")
	if text == "" {
		return 40 * time.Second
	}
	whole, err := time.ParseDuration(text)
	if err != nil || whole < 2*time.Minute {
		t.Fatalf("CHAOS_TIME %q is not a time of 2m or more", text)
	}
	return whole / 2
}

// TestChaos has every kind of fault at least once on each database: simulated
// PBXs for the mass of the calls, real ones for the truth.
func TestChaos(t *testing.T) {
	s := chaos.Scene{Seed: seed(t), Lasts: lasts(t), PBXs: []chaos.PBX{
		{Version: 22, Lines: 12}, {Version: 16, Lines: 12}, {Version: 22, Real: true, Lines: 4}, {Version: 16, Real: true, Lines: 4},
	}}
	t.Run("SQLite", func(t *testing.T) { play(t, s) })
	s.MariaDB = true
	t.Run("MariaDB", func(t *testing.T) { play(t, s) })
}
