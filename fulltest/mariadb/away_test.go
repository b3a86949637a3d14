//go:build full

package mariadb

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/recording"
	"recgate/store"
)

// newStart returns the n-th recording, of the call with this linked id.
func newStart(n int, linkedID string) recording.Recording {
	return recording.Recording{
		ID: recording.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012x", n)), PBX: "pbx1", UniqueID: fmt.Sprintf("1700000000.%d", n),
		AskedAt: time.UnixMilli(1_700_000_000_000 + int64(n)), Tags: []string{fmt.Sprintf("tag-%d", n)},
		Call: recording.Call{ID: fmt.Sprintf("call-%d", n), PBX: "pbx1", LinkedID: linkedID, Parties: []recording.Party{
			{Channel: "SIP/410-1", UniqueID: fmt.Sprintf("1700000000.%d", n)},
		}},
	}
}

// wantUnavailable demands that every kind of call fails as it should, in time.
// The time is a promise of the store to those who wait on the telephone, so
// it is measured here.
func wantUnavailable(t *testing.T, db *store.DB) {
	t.Helper()
	ctx, id := t.Context(), newStart(1, "").ID
	for what, call := range map[string]func() error{
		"add": func() error { return db.Add(ctx, newStart(2, "1.2")) },
		"advance": func() error {
			return db.Advance(ctx, id, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}})
		},
		"get":  func() error { _, err := db.Get(ctx, id); return err },
		"ping": func() error { return db.Ping(ctx) },
	} {
		began := time.Now()
		err := call()
		if recording.CodeOf(err) != recording.Unavailable || !strings.HasPrefix(recording.Message(err), "the database ") {
			t.Errorf("%s: %v, want Unavailable", what, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", what, took)
		}
	}
}

// wantAvailable demands that the same store works, at once.
func wantAvailable(t *testing.T, db *store.DB, n int) {
	t.Helper()
	if err := db.Add(t.Context(), newStart(n, fmt.Sprintf("1.%d", n))); err != nil {
		t.Errorf("add when the server is back: %v", err)
	}
	if _, err := db.Get(t.Context(), newStart(1, "").ID); err != nil {
		t.Errorf("what was written before is gone: %v", err)
	}
}

func TestServerAway(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	db := openStore(t, dsn)
	wantAvailable(t, db, 1)

	server.Stop(t)
	wantUnavailable(t, db)
	if _, err := store.Open(t.Context(), dsn, store.Options{}); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("open while the server is away: %v", err)
	}
	server.Restart(t)
	wantAvailable(t, db, 10)

	server.Kill(t) // as a loss of power: what was told to be written is
	wantUnavailable(t, db)
	server.Restart(t)
	wantAvailable(t, db, 11)

	server.Freeze(t)
	wantUnavailable(t, db)
	server.Thaw(t)
	wantAvailable(t, db, 12)
}

// TestLogin logs in as an account that may not do everything, with a password
// of characters that mean something in a URL, over TCP and the socket.
func TestLogin(t *testing.T) {
	server := mariadbd.Start(t)
	root := server.DSN(t)
	openStore(t, root)
	name := root[strings.LastIndex(root, "/")+1:]
	admin := server.Admin(t)
	for _, query := range []string{
		`CREATE USER 'rec@gate'@'%' IDENTIFIED BY 'p:@/?%+ x'`,
		`GRANT SELECT, INSERT, UPDATE, DELETE ON ` + name + `.* TO 'rec@gate'@'%'`,
	} {
		if _, err := admin.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	user := "mysql://" + url.PathEscape("rec@gate") + ":"
	password := url.PathEscape("p:@/?%+ x")
	tcp := root[strings.Index(root, "@"):]
	for _, dsn := range []string{user + password + tcp, user + password + "@unix(" + server.Socket() + ")/" + name} {
		if _, err := openStore(t, dsn).Get(t.Context(), "none"); recording.CodeOf(err) != recording.NotFound {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	for _, dsn := range []string{user + "hunter2" + tcp, user + password + tcp + "_none", user + password + tcp + "?tls=true"} {
		_, err := store.Open(t.Context(), dsn, store.Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "p:@/") {
			t.Errorf("%s: %v", dsn, err)
		} else if recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), "refuses the login") {
			t.Errorf("%s: %v, want Unavailable", dsn, err)
		}
	}

	db := openStore(t, user+password+tcp)
	if err := db.TryStart(t.Context()); err != nil {
		t.Errorf("a trial: %v", err)
	}
	if _, err := admin.ExecContext(t.Context(), `SET GLOBAL read_only = 1`); err != nil {
		t.Fatal(err)
	}
	err := db.Add(t.Context(), newStart(1, "1.1"))
	if recording.CodeOf(err) != recording.Unavailable || recording.Message(err) != "the database is read-only" {
		t.Errorf("add to a read-only server: %v", err)
	}
	if err := db.TryStart(t.Context()); recording.Message(err) != "the database is read-only" || db.Ping(t.Context()) != nil {
		t.Errorf("a trial on a read-only server: %v", err)
	}
}

// TestTrial: what a start would meet is met by its trial, which leaves nothing.
func TestTrial(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	db := openStore(t, dsn)
	admin, name := server.Admin(t), dsn[strings.LastIndex(dsn, "/")+1:]
	tables := []string{"recordings", "calls", "parties", "tags", "tracks", "steps", "recorded_channels"}
	for range 3 {
		if err := db.TryStart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range tables {
		var n int
		if err := admin.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+name+`.`+table).Scan(&n); err != nil || n > 0 {
			t.Errorf("the table %s has %d rows, %v", table, n, err)
		}
		alter := func(from, to string) {
			t.Helper()
			if _, err := admin.ExecContext(t.Context(), `RENAME TABLE `+name+`.`+from+` TO `+name+`.`+to); err != nil {
				t.Fatal(err)
			}
		}
		alter(table, "gone")
		if err := db.TryStart(t.Context()); recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), "cannot store a recording") {
			t.Errorf("a trial without the table %s: %v", table, err)
		}
		alter("gone", table)
		if err := db.TryStart(t.Context()); err != nil {
			t.Errorf("a trial when the table %s is back: %v", table, err)
		}
	}
}
