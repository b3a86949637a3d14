package store

import (
	"context"
	"fmt"

	"recgate/recording"
)

// joinCall returns the id of the call that recordings of c belong to: the one
// of its PBX and linked id that is still open, or c itself, which is added.
// The row of the call is locked until the transaction ends. A PBX that says
// no linked id does not make one call of all calls. added tells that the call
// is new.
func joinCall(ctx context.Context, t tx, c recording.Call) (id string, added bool, err error) {
	if c.LinkedID != "" {
		id, err = lockCall(ctx, t, c)
		if id != "" || err != nil {
			return id, false, err
		}
	}
	const query = `INSERT INTO calls (id, pbx, linked_id, started_at, answered_at, ended_at, joinable)
		VALUES (?, ?, ?, ?, ?, ?, ?)`
	var joinable any
	if c.LinkedID != "" && c.EndedAt.IsZero() {
		joinable = 1
	}
	_, err = t.exec(ctx, query, c.ID, c.PBX, c.LinkedID, millis(c.StartedAt), millis(c.AnsweredAt), millis(c.EndedAt), joinable)
	if !t.isDuplicate(err) {
		return c.ID, true, err
	}
	// Either the id is taken, or another transaction added the open call since.
	const count = `SELECT COUNT(*) FROM calls WHERE id = ?`
	var n int
	if err := t.row(ctx, count, []any{c.ID}, &n); err != nil {
		return "", false, err
	}
	if n == 0 {
		return "", false, errAgain
	}
	return "", false, recording.Errorf(recording.Conflict, "a call with the id %q already exists", c.ID)
}

// lockCall finds the open call of c's PBX and linked id, locks its row and
// notes what c says of its beginning; "" when there is none. A call that turned
// out to be part of another leads to that one.
func lockCall(ctx context.Context, t tx, c recording.Call) (id string, err error) {
	const update = `UPDATE calls SET
			started_at = CASE WHEN started_at = 0 OR started_at > ? THEN COALESCE(NULLIF(?, 0), started_at) ELSE started_at END,
			answered_at = CASE WHEN answered_at = 0 THEN ? ELSE answered_at END
		WHERE pbx = ? AND linked_id = ? AND joinable = 1`
	n, err := t.exec(ctx, update, millis(c.StartedAt), millis(c.StartedAt), millis(c.AnsweredAt), c.PBX, c.LinkedID)
	if n == 0 || err != nil {
		return "", err
	}
	const query = `SELECT c.id, COALESCE(p.part_of, '') FROM calls c LEFT JOIN call_parts p ON p.call_id = c.id
		WHERE c.pbx = ? AND c.linked_id = ? AND c.joinable = 1`
	var whole string
	if err := t.row(ctx, query, []any{c.PBX, c.LinkedID}, &id, &whole); err != nil || whole == "" {
		return id, err
	}
	return lockWhole(ctx, t, c, id, whole)
}

// lockWhole does so for the call that another one is part of. When it has
// ended, so has the part.
func lockWhole(ctx context.Context, t tx, c recording.Call, part, whole string) (id string, err error) {
	const update = `UPDATE calls SET
			started_at = CASE WHEN started_at = 0 OR started_at > ? THEN COALESCE(NULLIF(?, 0), started_at) ELSE started_at END,
			answered_at = CASE WHEN answered_at = 0 THEN ? ELSE answered_at END
		WHERE id = ? AND joinable = 1`
	n, err := t.exec(ctx, update, millis(c.StartedAt), millis(c.StartedAt), millis(c.AnsweredAt), whole)
	if n > 0 || err != nil {
		return whole, err
	}
	const end = `UPDATE calls SET joinable = NULL WHERE id = ?`
	_, err = t.exec(ctx, end, part)
	return "", err
}

// readParts fills the linked ids of the calls that are part of others, which
// are given by their ids.
func readParts(ctx context.Context, t tx, calls map[string][]*recording.Call, ids []any) error {
	const query = `SELECT p.part_of, c.linked_id FROM call_parts p JOIN calls c ON c.id = p.call_id
		WHERE p.part_of IN (?) ORDER BY p.part_of, p.call_id`
	return t.each(ctx, func(row scanner) error {
		var id, linkedID string
		if err := row.Scan(&id, &linkedID); err != nil {
			return err
		}
		for _, c := range calls[id] {
			c.Parts = append(c.Parts, linkedID)
		}
		return nil
	}, in(query, len(ids)), ids...)
}

// endCall notes when the last channel of a call hung up.
func endCall(ctx context.Context, t tx, id string, endedAt int64) error {
	const query = `UPDATE calls SET ended_at = ?, joinable = NULL WHERE id = ?`
	_, err := t.exec(ctx, query, endedAt, id)
	return err
}

// ChannelEvent implements recorder.Writer. The call is locked before the
// recordings, in the order of Add.
func (db recordings) ChannelEvent(ctx context.Context, e recording.ChannelNote) error {
	return db.write(ctx, "record what became of a channel", func(ctx context.Context, t tx) error {
		id, err := "", error(nil)
		if e.LinkedID != "" {
			id, err = lockCall(ctx, t, recording.Call{PBX: e.PBX, LinkedID: e.LinkedID, AnsweredAt: e.AnsweredAt})
		}
		if err != nil {
			return fmt.Errorf("find the call: %w", err)
		}
		if id != "" {
			if err := addParty(ctx, t, id, e.Party); err != nil {
				return fmt.Errorf("add the party: %w", err)
			}
			if e.CallEnded && !e.EndedAt.IsZero() {
				if err := endCall(ctx, t, id, millis(e.EndedAt)); err != nil {
					return fmt.Errorf("end the call: %w", err)
				}
			}
		}
		const query = `UPDATE recordings SET
				answered_at = CASE WHEN answered_at = 0 THEN ? ELSE answered_at END,
				channel_ended_at = CASE WHEN channel_ended_at = 0 THEN ? ELSE channel_ended_at END
			WHERE unique_id = ? AND pbx = ? AND (answered_at = 0 OR channel_ended_at = 0)`
		_, err = t.exec(ctx, query, millis(e.AnsweredAt), millis(e.EndedAt), e.Party.UniqueID, e.PBX)
		return err
	})
}
