package main

import (
	"database/sql"
	"net/http"
	"os"
	"strings"
	"testing"

	"recgate/asterisk/sim"
	"recgate/config"
)

// wantNotReady demands that /readyz becomes 503 with a line, and says all.
func (o *office) wantNotReady(t *testing.T, line string) {
	t.Helper()
	var got answer
	await(t, "/readyz to say "+line, func() bool {
		got = o.send(t, http.MethodGet, "/readyz", "", nil)
		return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, line)
	})
}

// awaitReady demands that /readyz becomes 200.
func (o *office) awaitReady(t *testing.T) {
	t.Helper()
	await(t, "/readyz to be green", func() bool { return o.send(t, http.MethodGet, "/readyz", "", nil).status == http.StatusOK })
}

// Ready means that a start would work now: while one is refused for a cause
// that stays, /readyz and check say so, and both are well again by themselves.
func TestReadyMeansThatStartsWork(t *testing.T) {
	t.Parallel()
	alter := func(t *testing.T, o *office, query string) {
		t.Helper()
		db, err := sql.Open("sqlite", strings.TrimPrefix(o.cfg.Database.Reveal(), "sqlite:")+"?_busy_timeout=10000")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	rename := func(t *testing.T, from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	mount := func(o *office) string { return o.cfg.PBX[0].Mount }
	for _, tt := range []struct {
		name, says string
		broken     func(t *testing.T, o *office)
		repaired   func(t *testing.T, o *office)
		checked    string // the step of check that fails; empty: a process that just began cannot know
		starts     int    // how a start is answered; 0: with 503
	}{
		{
			name: "a table is gone", says: "away database: the database cannot store a recording", checked: "database", starts: 500,
			broken:   func(t *testing.T, o *office) { alter(t, o, `ALTER TABLE tags RENAME TO gone`) },
			repaired: func(t *testing.T, o *office) { alter(t, o, `ALTER TABLE gone RENAME TO tags`) },
		},
		{
			name: "the spool is away", says: "away pbx pbx1: the spool folder of the PBX", checked: "pbx pbx1: spool",
			broken:   func(t *testing.T, o *office) { rename(t, mount(o), mount(o)+"-away") },
			repaired: func(t *testing.T, o *office) { rename(t, mount(o)+"-away", mount(o)) },
		},
		{
			name: "files do not appear", says: "away pbx pbx1: the PBX \"pbx1\" was asked to record, but its file did not appear",
			broken:   func(_ *testing.T, o *office) { o.sim.Misbehave(sim.Misbehaviour{Kind: sim.NoFile}) },
			repaired: func(_ *testing.T, o *office) { o.sim.Behave() },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 22, nil)
			call := o.call(t, "410", "411")
			o.awaitReady(t)
			tt.broken(t, o)
			want := http.StatusServiceUnavailable
			if tt.starts != 0 {
				want = tt.starts
			}
			o.want(t, want, nil, "start", "extenOrUniqueId", "410", "tag", "during")
			o.wantNotReady(t, tt.says)
			if got := recgate(t, t.TempDir(), nil, "check", "--config", o.file(t)); tt.checked != "" && (got.code != 1 || !strings.Contains(got.stdout, "FAILED  "+tt.checked+" ")) {
				t.Errorf("check says %d:\n%s", got.code, got.stdout)
			}
			tt.repaired(t, o)
			await(t, "a start", func() bool {
				return o.ask(t, "start", "extenOrUniqueId", "410", "tag", "after").status == http.StatusOK
			})
			o.awaitReady(t)
			call.Hangup()
		})
	}
}

// Without a start to tell, a trial in the background does; and a disk that is
// fuller than its level is told as well.
func TestReadyWithoutStarts(t *testing.T) {
	t.Parallel()
	t.Run("a disk", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 22, nil)
		o.awaitReady(t)
		o.end()
		o.cfg.Disk = config.Disk{Warn: 1, Refuse: 1}
		o.open(t)
		o.disks.Look(t.Context())
		for _, l := range o.disks.Levels() {
			if l.Err != nil {
				t.Fatalf("the disk of the %s: %v", l.Name, l.Err)
			}
		}
		if o.disks.CheckPlace(placeArchive) == nil {
			o.awaitReady(t) // a disk that is hardly used
			return
		}
		o.wantNotReady(t, "percent full, and new recordings are refused from 1 percent")
	})
	t.Run("no row is left by it", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, 22, nil)
		for range 3 {
			if err := o.db.TryStart(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		db, err := sql.Open("sqlite", strings.TrimPrefix(o.cfg.Database.Reveal(), "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, table := range []string{"recordings", "calls", "parties", "tags", "tracks", "steps", "recorded_channels"} {
			var n int
			if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || n > 0 {
				t.Errorf("the table %s has %d rows, %v", table, n, err)
			}
		}
	})
}
