package store

import (
	"context"
	"database/sql"
	"errors"

	"recgate/recording"
)

// Mark implements mark.Store. A database that was not brought up to
// date yet knows no archive.
func (db marks) Mark(ctx context.Context) (m recording.ArchiveMark, err error) {
	err = db.read(ctx, db.timeout, "read the mark of the archive", func(ctx context.Context, t tx) (err error) {
		m = recording.ArchiveMark{}
		if !db.hasMark.Load() {
			var tables int
			if err := t.row(ctx, db.dialect.queries().hasTable, []any{"archive_mark"}, &tables); err != nil || tables == 0 {
				return err
			}
			db.hasMark.Store(true)
		}
		m, err = readMark(ctx, t)
		return err
	})
	return m, err
}

func readMark(ctx context.Context, t tx) (m recording.ArchiveMark, err error) {
	const query = `SELECT id, written FROM archive_mark WHERE one = 1`
	err = t.row(ctx, query, nil, &m.ID, &m.Written)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	return m, err
}

// SetMark implements mark.Store. Of two at once the key, or the
// row's content, lets one through.
func (db marks) SetMark(ctx context.Context, was, now recording.ArchiveMark) error {
	const insert = `INSERT INTO archive_mark (one, id, written) VALUES (1, ?, ?)`
	const update = `UPDATE archive_mark SET id = ?, written = ? WHERE one = 1 AND id = ? AND written = ?`
	return db.write(ctx, "record the mark of the archive", func(ctx context.Context, t tx) error {
		if t.repeated {
			if m, err := readMark(ctx, t); err != nil || m == now {
				return err
			}
		}
		if was == (recording.ArchiveMark{}) {
			_, err := t.exec(ctx, insert, now.ID, now.Written)
			if t.isDuplicate(err) {
				return errMarked
			}
			return err
		}
		n, err := t.exec(ctx, update, now.ID, now.Written, was.ID, was.Written)
		if err == nil && n == 0 {
			return errMarked
		}
		return err
	})
}

var errMarked = &recording.Error{Code: recording.Conflict, Msg: "the database now knows another archive: try again"}

// Archived implements mark.Store. It can be asked of a database that
// was not brought up to date yet, which has no codes of reasons.
func (db marks) Archived(ctx context.Context, limit int) ([]recording.Entry, error) {
	const query = `SELECT id, state, asked_at, bytes, blob_key, source_key FROM recordings
		WHERE state = 'ready' ORDER BY asked_at DESC, id DESC LIMIT ?`
	var entries []recording.Entry
	err := db.read(ctx, slow, "read the newest of the archive", func(ctx context.Context, t tx) error {
		entries = nil
		return t.each(ctx, func(row scanner) error {
			var e recording.Entry
			err := row.Scan(&e.ID, &e.State, timeColumn{&e.AskedAt}, &e.Bytes, &e.Key, &e.SourceKey)
			entries = append(entries, e)
			return err
		}, query, limit)
	})
	return entries, err
}
