package store

import (
	"context"
	"slices"

	"recgate/recording"
)

// LogAccess implements retrieve.Rows. Text of the caller is kept as it was
// sent as far as it can be shown: see recording.Printable.
func (db journal) LogAccess(ctx context.Context, a recording.Access) error {
	const query = `INSERT INTO access_log (made_at, method, asked_for, username, remote, api_key, recording_id, outcome)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	return db.write(ctx, "write the access log", func(ctx context.Context, t tx) error {
		if t.repeated {
			const query = `SELECT COUNT(*) FROM access_log WHERE made_at = ? AND method = ? AND remote = ? AND recording_id = ? AND outcome = ?`
			var n int
			args := []any{millis(a.At), recording.Printable(a.Method, 255), recording.Printable(a.Remote, 255), a.Recording, longText(recording.Printable(a.Outcome, 4000))}
			if err := t.row(ctx, query, args, &n); n > 0 || err != nil {
				return err
			}
		}
		_, err := t.exec(ctx, query, millis(a.At), recording.Printable(a.Method, 255), recording.Printable(a.Key, 255),
			recording.Printable(a.Username, 255), recording.Printable(a.Remote, 255), recording.Printable(a.APIKey, 64), a.Recording, longText(recording.Printable(a.Outcome, 4000)))
		return err
	})
}

// selectAccesses begins every query for lines of the access log; DB.accesses
// reads its columns.
const selectAccesses = `SELECT made_at, method, asked_for, username, remote, api_key, recording_id, outcome FROM access_log `

// Accesses returns the lines of the access log that were written last, newest
// first, at most limit.
func (db journal) Accesses(ctx context.Context, limit int) ([]recording.Access, error) {
	const query = selectAccesses + `ORDER BY id DESC LIMIT ?`
	return db.accesses(ctx, query, max(0, limit))
}

// AccessesOf returns the lines of a recording in the access log, oldest first, at
// most the newest limit of them.
func (db journal) AccessesOf(ctx context.Context, id recording.ID, limit int) ([]recording.Access, error) {
	const query = selectAccesses + `WHERE recording_id = ? ORDER BY id DESC LIMIT ?`
	lines, err := db.accesses(ctx, query, id, max(0, limit))
	slices.Reverse(lines)
	return lines, err
}

func (db journal) accesses(ctx context.Context, query string, args ...any) ([]recording.Access, error) {
	var lines []recording.Access
	err := db.read(ctx, db.timeout, "read the access log", func(ctx context.Context, t tx) error {
		lines = nil // of an earlier try
		return t.each(ctx, func(row scanner) error {
			var a recording.Access
			err := row.Scan(timeColumn{&a.At}, &a.Method, &a.Key, &a.Username, &a.Remote, &a.APIKey, &a.Recording, &a.Outcome)
			lines = append(lines, a)
			return err
		}, query, args...)
	})
	return lines, err
}
