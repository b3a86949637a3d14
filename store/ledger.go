package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"recgate/recording"
)

// Sums implements recording.Journal.
func (db *DB) Sums(ctx context.Context, from, to time.Time) ([]recording.Sum, error) {
	const query = `SELECT state, reason, COUNT(*) FROM recordings
		WHERE asked_at >= ? AND asked_at < ? GROUP BY state, reason`
	var sums []recording.Sum
	err := db.read(ctx, slow, "add up recordings", func(ctx context.Context, t tx) error {
		return t.each(ctx, func(row scanner) error {
			var s recording.Sum
			err := row.Scan(&s.State, &s.Reason, &s.Count)
			sums = append(sums, s)
			return err
		}, query, millis(from), millis(to))
	})
	life := recording.States()
	slices.SortFunc(sums, func(a, b recording.Sum) int {
		return cmp.Or(cmp.Compare(slices.Index(life, a.State), slices.Index(life, b.State)), strings.Compare(a.Reason, b.Reason))
	})
	return sums, err
}

// Entries implements recording.Journal.
func (db *DB) Entries(ctx context.Context, from, to time.Time) ([]recording.Entry, error) {
	const query = `SELECT id, state, reason, asked_at, bytes, blob_key, source_key FROM recordings
		WHERE asked_at >= ? AND asked_at < ? ORDER BY asked_at, id`
	var entries []recording.Entry
	err := db.read(ctx, slow, "read the ledger", func(ctx context.Context, t tx) error {
		return t.each(ctx, func(row scanner) error {
			e, err := scanEntry(row)
			entries = append(entries, e)
			return err
		}, query, millis(from), millis(to))
	})
	return entries, err
}

// FirstAsked implements recording.Journal.
func (db *DB) FirstAsked(ctx context.Context, from time.Time) (at time.Time, err error) {
	const query = `SELECT COALESCE(MIN(asked_at), 0) FROM recordings WHERE asked_at >= ?`
	err = db.read(ctx, slow, "read the ledger", func(ctx context.Context, t tx) error {
		return t.row(ctx, query, []any{millis(from)}, timeColumn{&at})
	})
	return at, err
}

// scanEntry reads the columns of an entry in the order of its fields.
func scanEntry(row scanner) (e recording.Entry, err error) {
	err = row.Scan(&e.ID, &e.State, &e.Reason, timeColumn{&e.AskedAt}, &e.Bytes, &e.Key, &e.SourceKey)
	return e, err
}

// Volume returns how many bytes the archive holds of recordings asked for in
// [from, to), and when the first of them was; the zero time when there is
// none. Of a stereo source, whose size no row has, it knows that it is twice
// the mix.
func (db *DB) Volume(ctx context.Context, from, to time.Time) (bytes int64, first time.Time, err error) {
	const query = `SELECT COALESCE(SUM(CASE WHEN source_key = '' THEN bytes ELSE 3 * bytes END), 0), COALESCE(MIN(asked_at), 0)
		FROM recordings WHERE asked_at >= ? AND asked_at < ?`
	err = db.read(ctx, slow, "add up the archive", func(ctx context.Context, t tx) error {
		return t.row(ctx, query, []any{millis(from), millis(to)}, &bytes, timeColumn{&first})
	})
	return bytes, first, err
}
