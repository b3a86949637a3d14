//go:build full

package mariadb

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"recgate/fulltest/mariadbd"
	"recgate/internal/await"
	"recgate/recording"
	"recgate/store"
)

// TestMigrateAtOnce starts several stores on one empty database.
func TestMigrateAtOnce(t *testing.T) {
	dsn := mariadbd.Start(t).DSN(t)
	applied := make([][]string, 6)
	var g errgroup.Group
	for i := range applied {
		g.Go(func() error {
			db, err := store.Open(t.Context(), dsn, store.Options{})
			if err != nil {
				return err
			}
			if applied[i], err = db.Migrate(t.Context()); err != nil {
				return err
			}
			return db.Close()
		})
	}
	var err error
	await.Return(t, "all clients of the database", func() { err = g.Wait() })
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, names := range applied {
		total += len(names)
	}
	files, err := filepath.Glob("../../store/migrations/mysql/*.sql")
	if err != nil || total != len(files) || total == 0 {
		t.Errorf("applied %v, want each of %v once (%v)", applied, files, err)
	}
}

// TestMigrateAfterAnInterruption forgets which migrations were applied, as when
// the server died behind the last statement of each: MySQL undoes no change of
// a table. They are run again, and nothing that was written is lost.
func TestMigrateAfterAnInterruption(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	db := openStore(t, dsn)
	if err := db.LogAccess(t.Context(), recording.Access{At: time.Now(), Method: "retrieve", APIKey: "crm"}); err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := db.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := server.Admin(t)
	for version := range newest {
		query := "DELETE FROM `" + strings.TrimPrefix(at.Path, "/") + "`.schema_versions WHERE version_id > ?"
		if _, err := admin.ExecContext(t.Context(), query, version); err != nil {
			t.Fatal(err)
		}
		applied, err := db.Migrate(t.Context())
		if err != nil || len(applied) != int(newest-version) {
			t.Errorf("after version %d: applied %v: %v", version, applied, err)
		}
	}
	if lines, err := db.Accesses(t.Context(), 2); err != nil || len(lines) != 1 || lines[0].APIKey != "crm" {
		t.Errorf("the access log holds %+v: %v", lines, err)
	}
}

// TestManyAtOnce lets starts, steps, tags, hangups and moves of few calls
// stand in each other's way: the server ends some transactions as deadlocks,
// and no caller may notice. Two stores stand for two programs.
func TestManyAtOnce(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	stores := []*store.DB{openStore(t, dsn), openStore(t, dsn)}
	const clients, each = 20, 25
	var g errgroup.Group
	for c := range clients {
		g.Go(func() error {
			db := stores[c%2]
			for i := range each {
				if err := recordOne(t, db, c*each+i, fmt.Sprintf("1.%d", i%3)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var err error
	await.Return(t, "all clients of the database", func() { err = g.Wait() })
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var deadlocks int
	const query = `SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'`
	if err := server.Admin(t).QueryRowContext(t.Context(), query).Scan(&name, &deadlocks); err != nil {
		t.Error(err)
	}
	t.Logf("the server ended %d transactions as deadlocks", deadlocks)
	sums, err := stores[0].Sums(t.Context(), time.UnixMilli(1), time.Now())
	if err != nil || len(sums) != 1 || sums[0].Count != clients*each || sums[0].State != recording.Collecting {
		t.Errorf("sums %v, %v; want %d collecting", sums, err, clients*each)
	}
}

// recordOne takes a recording through its life.
func recordOne(t *testing.T, db *store.DB, n int, linkedID string) error {
	ctx, r := t.Context(), newStart(n, linkedID)
	if err := db.Add(ctx, r); err != nil {
		return fmt.Errorf("add: %w", err)
	}
	if err := db.Advance(ctx, r.ID, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}, At: r.AskedAt, Tracks: []recording.Track{{File: "a"}}}); err != nil {
		return fmt.Errorf("advance: %w", err)
	}
	if err := db.AddTag(ctx, r.ID, "all", "192.0.2.8", r.AskedAt); err != nil {
		return fmt.Errorf("add tag: %w", err)
	}
	to := recording.Party{Channel: "SIP/420-1", UniqueID: fmt.Sprintf("9.%d", n%5)}
	if err := db.Move(ctx, r.ID, to, r.AskedAt); err != nil {
		return fmt.Errorf("move: %w", err)
	}
	e := recording.ChannelNote{PBX: "pbx1", LinkedID: linkedID, Party: to, EndedAt: r.AskedAt, CallEnded: n%7 == 0}
	if err := db.ChannelEvent(ctx, e); err != nil {
		return fmt.Errorf("channel event: %w", err)
	}
	if err := db.Advance(ctx, r.ID, recording.Step{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}, At: r.AskedAt}); err != nil {
		return fmt.Errorf("advance again: %w", err)
	}
	return nil
}
