package store

import (
	"context"
	"time"

	"recgate/recording"
)

// AddTag implements recorder.Writer.
func (db recordings) AddTag(ctx context.Context, id recording.ID, tag, by string, at time.Time) error {
	return db.write(ctx, "add a tag", func(ctx context.Context, t tx) error {
		const update = `UPDATE recordings SET external_reference = ? WHERE id = ?` // locks the row, too
		if n, err := t.exec(ctx, update, tag, id); n == 0 || err != nil {
			return orNotFound(err, id)
		}
		const remove = `DELETE FROM tags WHERE recording_id = ? AND tag = ?`
		if _, err := t.exec(ctx, remove, id, tag); err != nil {
			return err
		}
		if err := insertTag(ctx, t, id, tag, at); err != nil {
			return err
		}
		const query = `SELECT state FROM recordings WHERE id = ?`
		var state recording.State
		if err := t.row(ctx, query, []any{id}, &state); err != nil {
			return err
		}
		past := recording.TagPast(state, tag, by, at)
		if made, err := madeBefore(ctx, t, id, past); made || err != nil {
			return err
		}
		return insertStep(ctx, t, id, past)
	})
}

// insertTag makes tag, which it does not carry, the newest one of a recording
// whose row is locked.
func insertTag(ctx context.Context, t tx, id recording.ID, tag string, at time.Time) error {
	const insert = `INSERT INTO tags (recording_id, tag, nth, added_at, asked_at)
		SELECT r.id, ?, COALESCE((SELECT MAX(nth) FROM tags WHERE recording_id = r.id), 0) + 1, ?, r.asked_at
		FROM recordings r WHERE r.id = ?`
	_, err := t.exec(ctx, insert, tag, millis(at), id)
	return err
}

// readTags fills the tags of the recordings, which are given by their ids.
func readTags(ctx context.Context, t tx, list map[recording.ID]*recording.Recording, ids []any) error {
	const query = `SELECT recording_id, tag FROM tags WHERE recording_id IN (?) ORDER BY recording_id, nth`
	return t.each(ctx, func(row scanner) error {
		var id recording.ID
		var tag string
		if err := row.Scan(&id, &tag); err != nil {
			return err
		}
		list[id].Tags = append(list[id].Tags, tag)
		return nil
	}, in(query, len(ids)), ids...)
}
