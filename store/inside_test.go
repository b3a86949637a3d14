package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/recording"
)

// openFile opens a new SQLite database and makes its tables.
func openFile(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "recgate.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func execute(t *testing.T, db *DB, query string) {
	t.Helper()
	if _, err := db.writes.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func TestPragmas(t *testing.T) {
	db := openFile(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "query_only": "0"} {
		var got string
		if err := db.writes.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s of the writer is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := db.readers.ExecContext(t.Context(), `DELETE FROM recordings`); err == nil {
		t.Error("a reader can write")
	}
}

func TestFullAndReadOnly(t *testing.T) {
	db := openFile(t)
	var pages int
	if err := db.writes.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&pages); err != nil {
		t.Fatal(err)
	}
	access := recording.Access{Outcome: strings.Repeat("x", 4000)}
	execute(t, db, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
	var err error
	for range 20 {
		if err = db.LogAccess(t.Context(), access); err != nil {
			break
		}
	}
	if recording.CodeOf(err) != recording.Unavailable || recording.Message(err) != "the disk of the database is full" {
		t.Errorf("write to a full database: %v", err)
	}
	execute(t, db, `PRAGMA max_page_count = 1000000`)
	if err := db.LogAccess(t.Context(), access); err != nil {
		t.Errorf("write when there is room again: %v", err)
	}

	execute(t, db, `PRAGMA query_only = 1`)
	err = db.LogAccess(t.Context(), access)
	if recording.CodeOf(err) != recording.Unavailable || recording.Message(err) != "the database is read-only" {
		t.Errorf("write to a read-only database: %v", err)
	}
}

// insert is a change that writes one access line.
func insert(outcome string) change {
	return func(ctx context.Context, t tx) error {
		_, err := t.exec(ctx, `INSERT INTO access_log (made_at, method, asked_for, username, remote, recording_id, outcome)
			VALUES (1, '', '', '', '', '', ?)`, outcome)
		return err
	}
}

func outcomes(t *testing.T, db *DB) map[string]int {
	t.Helper()
	lines, err := db.Accesses(t.Context(), 10000)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, a := range lines {
		count[a.Outcome]++
	}
	return count
}

// waitFor waits until n changes queue.
func waitFor(t *testing.T, g *group, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		g.mu.Lock()
		queued := len(g.waiting)
		g.mu.Unlock()
		if queued == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d changes queue, want %d", queued, n)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestGroupSharesACommit(t *testing.T) {
	db := openFile(t)
	g := db.writer.(*group)
	boom := errors.New("boom")
	await.From(t, "the turn to commit", g.turn) // somebody commits
	const n = 12
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			errs[i] = g.write(t.Context(), func(ctx context.Context, t tx) error {
				if err := insert(fmt.Sprint(i))(ctx, t); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					return boom
				case 2:
					_, err := t.exec(ctx, `INSERT INTO nonsense VALUES (1)`)
					return err
				}
				return nil
			})
		})
	}
	// One whose caller leaves before it has begun is not done.
	ctx, cancel := context.WithCancel(t.Context())
	var left error
	wg.Go(func() { left = g.write(ctx, insert("left")) })
	waitFor(t, g, n+1)
	cancel()
	waitFor(t, g, n)
	// They share a transaction: the first who takes the turn runs them all.
	g.turn <- struct{}{}
	await.Return(t, "all writers to return", wg.Wait)

	if !errors.Is(left, context.Canceled) {
		t.Errorf("the one that left: %v", left)
	}
	kept := outcomes(t, db)
	for i, err := range errs {
		ok := i%3 == 0
		if (err == nil) != ok || (kept[fmt.Sprint(i)] == 1) != ok || (i%3 == 1) != errors.Is(err, boom) {
			t.Errorf("change %d: %v, kept %d times", i, err, kept[fmt.Sprint(i)])
		}
	}
	if len(kept) != n/3 {
		t.Errorf("kept %v, want %d", kept, n/3)
	}
}

// TestGroupFails breaks the common transaction: nobody may be told that it
// is done, nor anything that rests on what the others did.
func TestGroupFails(t *testing.T) {
	db := openFile(t)
	g := db.writer.(*group)
	await.From(t, "the turn to commit", g.turn)
	errs := make([]error, 4)
	own := recording.Errorf(recording.Conflict, "there already")
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = g.write(t.Context(), func(ctx context.Context, t tx) error {
				switch i {
				case 0:
					return own
				case 1:
					_, err := t.exec(ctx, `ROLLBACK`) // as SQLite itself does when the disk is full
					return errors.Join(err, errors.New("undone"))
				}
				return insert("kept")(ctx, t)
			})
		})
		waitFor(t, g, i+1) // the order of the queue is known
	}
	g.turn <- struct{}{}
	await.Return(t, "all writers to return", wg.Wait)
	for i, err := range errs {
		if err == nil || errors.Is(err, own) {
			t.Errorf("change %d: %v, want that the whole failed", i, err)
		}
	}
	if kept := outcomes(t, db); len(kept) != 0 {
		t.Errorf("kept %v", kept)
	}
	if err := g.write(t.Context(), insert("next")); err != nil {
		t.Errorf("the next change: %v", err)
	}
}

// TestGroupUnderLoad looks for lost and doubled changes.
func TestGroupUnderLoad(t *testing.T) {
	db := openFile(t)
	const clients, each = 16, 40
	failed := make([]map[string]bool, clients)
	var wg sync.WaitGroup
	for c := range clients {
		failed[c] = map[string]bool{}
		wg.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d-%d", c, i)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				if i%5 == 0 { // an impatient one: done or not, but as it was told
					cancel()
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
				}
				if err := db.writer.write(ctx, insert(name)); err != nil {
					failed[c][name] = true
				}
				cancel()
			}
		})
	}
	await.Return(t, "all writers to return", wg.Wait)
	kept := outcomes(t, db)
	for c := range clients {
		for i := range each {
			name := fmt.Sprintf("%d-%d", c, i)
			if want := !failed[c][name]; (kept[name] == 1) != want {
				t.Errorf("%s is kept %d times, told %v", name, kept[name], want)
			}
		}
	}
}

// TestQueriesUseIndices reads SQLite's plans: no look-up may scan a table.
func TestQueriesUseIndices(t *testing.T) {
	db := openFile(t)
	plans := map[string]int{
		selectRecordings + `WHERE r.id = ?`: 1,
		selectRecordings + `JOIN tags t ON t.recording_id = r.id WHERE t.tag = ? ORDER BY t.asked_at DESC, t.recording_id DESC LIMIT ?`:                                      2,
		selectRecordings + `WHERE r.unique_id = ? AND r.pbx = ? AND r.state IN (?, ?) ORDER BY r.asked_at DESC, r.id DESC`:                                                   4,
		selectRecordings + `WHERE r.unique_id = ? ORDER BY r.asked_at DESC, r.id DESC LIMIT ?`:                                                                               2,
		selectRecordings + `WHERE r.extension = ? AND r.asked_at < ? ORDER BY r.asked_at DESC, r.id DESC LIMIT ?`:                                                            3,
		selectRecordings + `WHERE r.asked_at < ? ORDER BY r.asked_at DESC, r.id DESC LIMIT ?`:                                                                                2,
		`SELECT id FROM recordings WHERE pbx = ? AND channel_ended_at = 0 UNION SELECT id FROM recordings WHERE pbx = ? AND state IN (?, ?, ?)`:                              5,
		`UPDATE recordings SET answered_at = 0 WHERE unique_id = ? AND pbx = ? AND asked_at >= ? AND (answered_at = 0 OR channel_ended_at = 0)`:                              3,
		`SELECT id FROM calls WHERE pbx = ? AND linked_id = ? AND joinable = 1`:                                                                                              2,
		`SELECT c.id, COALESCE(p.part_of, '') FROM calls c LEFT JOIN call_parts p ON p.call_id = c.id WHERE c.pbx = ? AND c.linked_id = ? AND c.joinable = 1`:                2,
		`SELECT p.part_of, c.linked_id FROM call_parts p JOIN calls c ON c.id = p.call_id WHERE p.part_of IN (?, ?) ORDER BY p.part_of, p.call_id`:                           2,
		`UPDATE tracks SET state = (SELECT r.state FROM recordings r WHERE r.id = tracks.recording_id) WHERE recording_id > ? AND recording_id <= ? AND state = ''`:          2,
		selectRecordings + `WHERE r.call_id IN (SELECT call_id FROM parties WHERE unique_id = ?) ORDER BY r.asked_at DESC, r.id DESC LIMIT ?`:                                2,
		`SELECT recording_id, tag FROM tags WHERE recording_id IN (?, ?) ORDER BY recording_id, nth`:                                                                         2,
		`SELECT state, reason, reason_code, reason_detail, COUNT(*) FROM recordings WHERE asked_at >= ? AND asked_at < ? GROUP BY state, reason, reason_code, reason_detail`: 2,
		`SELECT DISTINCT state, reason FROM steps WHERE recording_id > ? AND recording_id <= ? AND reason_code = ''`:                                                         2,
	}
	for query, n := range plans {
		rows, err := db.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, n)...)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Error(err)
			}
			// A channel has few recordings, a PBX may have many that run.
			if strings.HasPrefix(detail, "SCAN") || strings.Contains(query, "r.unique_id = ?") && strings.Contains(detail, "recordings_state") {
				t.Errorf("%s\n%s", query, detail)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestNoConnectionKeepsAnotherFile: while another file lies in the place of the
// database or of its WAL, no connection is made, of which each would keep it.
func TestNoConnectionKeepsAnotherFile(t *testing.T) {
	for _, part := range []string{"", "-wal"} {
		db := openFile(t)
		execute(t, db, `CREATE TABLE one (n INTEGER)`) // makes the WAL
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		path := db.file.path + part
		if err := os.Rename(path, path+"-away"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		db.readers.SetMaxIdleConns(0)
		db.readers.SetMaxIdleConns(1)
		if conn, err := db.readers.Conn(t.Context()); recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("%q replaced: a connection %v, %v", part, conn, err)
		}
		if err := os.Rename(path+"-away", path); err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("%q back: %v", part, err)
		}
	}
}
