package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recgate/recording"
)

// A file of SQLite that is moved, removed or replaced under serve takes no
// start that a restart would forget; /readyz says so, and what is moved back
// is used again.
func TestDatabaseFileIsGone(t *testing.T) {
	t.Parallel()
	const says = "moved, removed or replaced"
	for name, tt := range map[string]struct{ away, back func(db string) error }{
		"moved": {
			func(db string) error { return os.Rename(db, db+"-away") },
			func(db string) error { return os.Rename(db+"-away", db) },
		},
		"replaced": {
			func(db string) error {
				if err := os.Rename(db, db+"-away"); err != nil {
					return err
				}
				return os.WriteFile(db, nil, 0o600)
			},
			func(db string) error { return os.Rename(db+"-away", db) },
		},
		"its WAL moved": {
			func(db string) error { return os.Rename(db+"-wal", db+"-away") },
			func(db string) error { return os.Rename(db+"-away", db+"-wal") },
		},
		"its WAL replaced": { // as by another program that opens the database
			func(db string) error {
				if err := os.Rename(db+"-wal", db+"-away"); err != nil {
					return err
				}
				return os.WriteFile(db+"-wal", nil, 0o600)
			},
			func(db string) error { return os.Rename(db+"-away", db+"-wal") },
		},
		"its folder moved": {
			func(db string) error { return os.Rename(filepath.Dir(db), filepath.Dir(db)+"-away") },
			func(db string) error { return os.Rename(filepath.Dir(db)+"-away", filepath.Dir(db)) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, 22, nil)
			o.call(t, "410", "411")
			db := strings.TrimPrefix(o.cfg.Database.Reveal(), "sqlite:")
			if err := tt.away(db); err != nil {
				t.Fatal(err)
			}
			o.want(t, http.StatusServiceUnavailable, []string{says}, "start", "extenOrUniqueId", "410", "tag", "22")
			await(t, "/readyz to be red", func() bool {
				got := o.send(t, http.MethodGet, "/readyz", "", nil)
				return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, "away database: the file of the database was "+says)
			})
			if err := tt.back(db); err != nil {
				t.Fatal(err)
			}
			await(t, "a start", func() bool {
				return o.ask(t, "start", "extenOrUniqueId", "410", "tag", "22").status == http.StatusOK
			})
			await(t, "/readyz to be green", func() bool { return o.send(t, http.MethodGet, "/readyz", "", nil).status == http.StatusOK })
			if rec, ok := o.byTag(t, "22"); !ok || rec.State != recording.Running {
				t.Errorf("the row is %+v", rec)
			}
		})
	}
}

// A second serve on one file is refused; other commands are not, and the file
// is free once the first has ended.
func TestSecondServe(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	file := o.file(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	second := waitForEnd(t, program(ctx, t.TempDir(), nil, "serve", "--config", file))
	if second.code != 1 || !strings.Contains(second.stderr, "another recgate serves with this database file") {
		t.Errorf("a second serve says %+v", second)
	}
	for _, command := range [][]string{{"check"}, {"ledger"}, {"key", "add", "crm"}, {"key", "list"}, {"migrate"}} {
		if got := recgate(t, t.TempDir(), nil, append(command, "--config", file)...); got.code != 0 {
			t.Errorf("%v beside serve says %+v", command, got)
		}
	}
	o.end()
	o.open(t)
}
