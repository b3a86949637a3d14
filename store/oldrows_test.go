package store_test

import (
	"os"
	"testing"

	"recgate/store"
	"recgate/store/storetest"
)

// former returns a database that the version before reasons had codes wrote,
// and which was not brought up to date yet.
func former(t *testing.T) (db *store.DB, dsn string) {
	t.Helper()
	dsn = file(t)
	db, err := store.Open(t.Context(), dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	dump, err := os.ReadFile("testdata/version-0012.sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	execute(t, raw(t, dsn), string(dump))
	return db, dsn
}

func TestFormerVersion(t *testing.T) {
	db, dsn := former(t)
	storetest.TestFormerVersion(t, db, raw(t, dsn), "testdata/version-0012.reasons.txt")
}

// TestManyRowsAreFilled has more rows than are changed at once, and a program
// that was ended in the middle of it.
func TestManyRowsAreFilled(t *testing.T) {
	db, dsn := former(t)
	file := raw(t, dsn)
	count := func(query string, want int) {
		t.Helper()
		var n int
		if err := file.QueryRowContext(t.Context(), query).Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d, %v; want %d", query, n, err, want)
		}
	}
	const copies = `WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 40) `
	execute(t, file, copies+`INSERT INTO recordings SELECT r.id || '-' || n.value, call_id, state, reason, external_reference, pbx, channel, unique_id,
		extension, recorder, handle, asked_by, private, deleted, asked_at, started_at, answered_at, stopped_at, channel_ended_at, duration,
		bytes, sha256, blob_key, source_key FROM recordings r, n`)
	execute(t, file, copies+`INSERT INTO steps SELECT s.recording_id || '-' || n.value, nth, made_at, state, reason, said FROM steps s, n`)
	execute(t, file, copies+`INSERT INTO tracks SELECT t.recording_id || '-' || n.value, nth, file, voice, party, started_at FROM tracks t, n`)
	for range 2 {
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		count(`SELECT COUNT(*) FROM recordings WHERE reason_code = ''`, 0)
		count(`SELECT COUNT(*) FROM steps WHERE reason_code = ''`, 0)
		count(`SELECT COUNT(*) FROM tracks WHERE state = ''`, 0)
		count(`SELECT COUNT(*) FROM rows_to_fill`, 0)
		// Ended behind the 20th recording, with all that follow not done.
		const behind = `(SELECT id FROM recordings ORDER BY id LIMIT 1 OFFSET 19)`
		execute(t, file, `UPDATE recordings SET reason_code = '', reason_detail = '' WHERE id > `+behind)
		execute(t, file, `UPDATE tracks SET state = '' WHERE recording_id > `+behind)
		execute(t, file, `INSERT INTO rows_to_fill (one, up_to) SELECT 1, `+behind)
	}
}
