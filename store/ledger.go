package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"recgate/recording"
)

// Sums counts the recordings asked for in [from, to) by state and reason, ordered
// by both. Rows of one reason may have come into the database with its code and
// without it.
func (db journal) Sums(ctx context.Context, from, to time.Time) ([]recording.Sum, error) {
	const query = `SELECT state, reason, reason_code, reason_detail, COUNT(*) FROM recordings
		WHERE asked_at >= ? AND asked_at < ? GROUP BY state, reason, reason_code, reason_detail`
	var count map[recording.Sum]int
	err := db.read(ctx, slow, "add up recordings", func(ctx context.Context, t tx) error {
		count = map[recording.Sum]int{}
		return t.each(ctx, func(row scanner) error {
			var s recording.Sum
			var reason reasonColumns
			var n int
			err := row.Scan(&s.State, &reason.text, &reason.codes, &reason.detail, &n)
			s.Reason = reason.of(s.State)
			count[s] += n
			return err
		}, query, millis(from), millis(to))
	})
	var sums []recording.Sum
	for s, n := range count {
		s.Count = n
		sums = append(sums, s)
	}
	life := recording.States()
	slices.SortFunc(sums, func(a, b recording.Sum) int {
		return cmp.Or(cmp.Compare(slices.Index(life, a.State), slices.Index(life, b.State)),
			strings.Compare(a.Reason.String(), b.Reason.String()), strings.Compare(a.Reason.Codes(), b.Reason.Codes()))
	})
	return sums, err
}

// Entries implements ledger.Rows.
func (db journal) Entries(ctx context.Context, from, to time.Time) ([]recording.Entry, error) {
	const query = `SELECT id, state, reason, reason_code, reason_detail, asked_at, bytes, blob_key, source_key FROM recordings
		WHERE asked_at >= ? AND asked_at < ? ORDER BY asked_at, id`
	var entries []recording.Entry
	err := db.read(ctx, slow, "read the ledger", func(ctx context.Context, t tx) error {
		entries = nil // of an earlier try
		return t.each(ctx, func(row scanner) error {
			var e recording.Entry
			var reason reasonColumns
			err := row.Scan(&e.ID, &e.State, &reason.text, &reason.codes, &reason.detail, timeColumn{&e.AskedAt}, &e.Bytes, &e.Key, &e.SourceKey)
			e.Reason = reason.of(e.State)
			entries = append(entries, e)
			return err
		}, query, millis(from), millis(to))
	})
	return entries, err
}

// FirstAsked implements ledger.Rows.
func (db journal) FirstAsked(ctx context.Context, from time.Time) (at time.Time, err error) {
	const query = `SELECT COALESCE(MIN(asked_at), 0) FROM recordings WHERE asked_at >= ?`
	err = db.read(ctx, slow, "read the ledger", func(ctx context.Context, t tx) error {
		return t.row(ctx, query, []any{millis(from)}, timeColumn{&at})
	})
	return at, err
}

// Volume returns how many bytes the archive holds of recordings asked for in
// [from, to), and when the first of them was; the zero time when there is
// none. Of a stereo source, whose size no row has, it knows that it is twice
// the mix.
func (db journal) Volume(ctx context.Context, from, to time.Time) (bytes int64, first time.Time, err error) {
	const query = `SELECT COALESCE(SUM(CASE WHEN source_key = '' THEN bytes ELSE 3 * bytes END), 0), COALESCE(MIN(asked_at), 0)
		FROM recordings WHERE asked_at >= ? AND asked_at < ?`
	err = db.read(ctx, slow, "add up the archive", func(ctx context.Context, t tx) error {
		return t.row(ctx, query, []any{millis(from), millis(to)}, &bytes, timeColumn{&first})
	})
	return bytes, first, err
}
