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
