package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/recording"
	"recgate/store"
)

// start returns the n-th recording of a call of its own.
func start(n int) recording.Recording {
	unique := fmt.Sprintf("1700000000.%d", n)
	return recording.Recording{
		ID: recording.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012x", n)), PBX: "pbx1", UniqueID: unique, Extension: "410",
		Channel: "SIP/410-1", AskedAt: time.UnixMilli(1_700_000_000_000 + int64(n)), Tags: []string{fmt.Sprintf("tag-%d", n)},
		Call: recording.Call{
			ID: fmt.Sprintf("call-%d", n), PBX: "pbx1", LinkedID: unique,
			Parties: []recording.Party{{Channel: "SIP/410-1", UniqueID: unique}, {Channel: "SIP/411-1", UniqueID: "2" + unique}},
		},
	}
}

func TestRecordsOutliveTheProgram(t *testing.T) {
	for _, name := range []string{"recgate.db", "what?is#this%20.db", "é 'quoted' & more=1.db"} {
		path := filepath.Join(t.TempDir(), name)
		first, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := first.Add(t.Context(), start(1)); err != nil {
			t.Fatal(err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("file %q: %v, %v; want one that others cannot read", name, info, err)
		}
		second := open(t, "sqlite:"+path, store.Options{})
		if _, err := second.Get(t.Context(), start(1).ID); err != nil {
			t.Error(err)
		}
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, "sqlite:recgate.db", store.Options{})
	if _, err := os.Stat("recgate.db"); err != nil {
		t.Error(err)
	}
}

// TestMigrateAtOnce starts several programs' worth of stores on one new file.
func TestMigrateAtOnce(t *testing.T) {
	for range 3 {
		dsn := file(t)
		applied := make([][]string, 6)
		var g errgroup.Group
		for i := range applied {
			g.Go(func() error {
				db, err := store.Open(t.Context(), dsn, store.Options{})
				if err != nil {
					return err
				}
				applied[i], err = db.Migrate(t.Context())
				if err != nil {
					return err
				}
				return db.Close()
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		oneWorked(t, applied)
	}
}

// oneWorked demands that one of all applied every migration.
func oneWorked(t *testing.T, applied [][]string) {
	t.Helper()
	var all []string
	for _, names := range applied {
		all = append(all, names...)
	}
	files, err := filepath.Glob("migrations/sqlite/*.sql")
	if err != nil || len(all) != len(files) || len(files) == 0 {
		t.Errorf("applied %v, want each of %v once (%v)", applied, files, err)
	}
}

// TestMigrateProcesses is TestMigrateAtOnce with real processes: it runs
// itself, with the DSN in the environment.
func TestMigrateProcesses(t *testing.T) {
	const key = "RECGATE_TEST_MIGRATE"
	if dsn := os.Getenv(key); dsn != "" {
		open(t, dsn, store.Options{})
		return
	}
	dsn := file(t)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error {
			cmd := exec.Command(os.Args[0], "-test.run=^TestMigrateProcesses$")
			cmd.Env = append(os.Environ(), key+"="+dsn)
			if out, err := child.Output(await.Patience, cmd); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	db := open(t, dsn, store.Options{})
	if v, err := db.Version(t.Context()); err != nil || v < 7 {
		t.Errorf("version %d, %v", v, err)
	}
}

func TestVersion(t *testing.T) {
	db, err := store.Open(t.Context(), file(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if v, err := db.Version(t.Context()); v != 0 || err != nil {
		t.Errorf("version of an empty database: %d, %v", v, err)
	}
	applied, err := db.Migrate(t.Context())
	if err != nil || len(applied) == 0 || applied[0] != "0001_calls.sql" {
		t.Errorf("applied %v, %v", applied, err)
	}
	newest, _, _ := strings.Cut(applied[len(applied)-1], "_")
	if v, err := db.Version(t.Context()); fmt.Sprintf("%04d", v) != newest || err != nil {
		t.Errorf("version %d, %v; the newest migration is %s", v, err, newest)
	}
	if applied, err = db.Migrate(t.Context()); len(applied) != 0 || err != nil {
		t.Errorf("applied again: %v, %v", applied, err)
	}
}

// TestLookingChangesNothing: who only asks leaves no file, table or lock.
func TestLookingChangesNothing(t *testing.T) {
	dsn := file(t)
	if _, err := store.Open(t.Context(), dsn, store.Options{Existing: true}); !errors.Is(err, fs.ErrNotExist) || recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("open a file that is not there: %v", err)
	}
	path := strings.TrimPrefix(dsn, "sqlite:")
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("made %q", left)
	}
	for _, existing := range []bool{false, true} { // the first makes an empty one
		db, err := store.Open(t.Context(), dsn, store.Options{Existing: existing})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // nothing was written
		asks(t, db)
	}
	var tables int
	if err := raw(t, dsn).QueryRow(`SELECT COUNT(*) FROM sqlite_schema`).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables made, %v", tables, err)
	}
	if left, _ := filepath.Glob(path + "-lock*"); len(left) > 0 {
		t.Errorf("made %q", left)
	}
}

func asks(t *testing.T, db *store.DB) {
	t.Helper()
	if v, err := db.Version(t.Context()); v != 0 || err != nil {
		t.Errorf("version of an empty database: %d, %v", v, err)
	}
}

// raw opens the file as another program would.
func raw(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(dsn, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), query); err != nil {
		t.Fatal(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dsn := file(t)
	db := open(t, dsn, store.Options{})
	execute(t, raw(t, dsn), `INSERT INTO schema_versions (version_id, is_applied) VALUES (9999, 1)`)
	if _, err := db.Migrate(t.Context()); recording.CodeOf(err) != recording.Conflict {
		t.Errorf("migrate: %v, want Conflict", err)
	}
}

func TestNewestTagIsExternalReference(t *testing.T) {
	dsn := file(t)
	db := open(t, dsn, store.Options{})
	if err := db.Add(t.Context(), start(1)); err != nil {
		t.Fatal(err)
	}
	reference := func(want string) {
		t.Helper()
		var got string
		err := raw(t, dsn).QueryRowContext(t.Context(), `SELECT external_reference FROM recordings`).Scan(&got)
		if err != nil || got != want {
			t.Errorf("external reference %q, %v; want %q", got, err, want)
		}
	}
	reference("tag-1")
	for _, tag := range []string{"b", "tag-1"} {
		if err := db.AddTag(t.Context(), start(1).ID, tag, "192.0.2.8", time.UnixMilli(1)); err != nil {
			t.Fatal(err)
		}
		reference(tag)
	}
}

func TestUnavailable(t *testing.T) {
	notDB := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(notDB, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{"sqlite:" + notDB, "sqlite:" + t.TempDir(), "sqlite:/nonexistent/folder/recgate.db"} {
		_, err := store.Open(t.Context(), dsn, store.Options{})
		if recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("%s: %v, want Unavailable", dsn, err)
		}
	}
}

func TestBusyDatabase(t *testing.T) {
	dsn := file(t)
	db := open(t, dsn, store.Options{Timeout: 200 * time.Millisecond})
	other := raw(t, dsn)
	other.SetMaxOpenConns(1)
	execute(t, other, `BEGIN IMMEDIATE`)
	err := db.Add(t.Context(), start(1))
	if recording.CodeOf(err) != recording.Unavailable || strings.Contains(recording.Message(err), "SQL") {
		t.Errorf("add to a locked database: %v", err)
	}
	execute(t, other, `ROLLBACK`)
	// A fifth of a second may be too short for a busy machine: then again.
	limit := time.Now().Add(time.Minute)
	for n := 2; ; n++ {
		err := db.Add(t.Context(), start(n))
		if err == nil {
			break
		}
		if recording.CodeOf(err) != recording.Unavailable || time.Now().After(limit) {
			t.Fatalf("add after the lock is gone: %v", err)
		}
	}
}
