package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"recgate/recording"
)

// Advance implements book.Rows. The state is part of the condition, so
// that of two steps at once the database lets one through.
func (db recordings) Advance(ctx context.Context, id recording.ID, s recording.Step) error {
	const query = `UPDATE recordings SET state = ?, reason = ?, reason_code = ?, reason_detail = ?,
			recorder = COALESCE(NULLIF(?, ''), recorder),
			handle = COALESCE(NULLIF(?, ''), handle),
			started_at = COALESCE(NULLIF(?, 0), started_at),
			stopped_at = COALESCE(NULLIF(?, 0), stopped_at),
			duration = COALESCE(NULLIF(?, 0), duration),
			bytes = COALESCE(NULLIF(?, 0), bytes),
			sha256 = COALESCE(NULLIF(?, ''), sha256),
			blob_key = COALESCE(NULLIF(?, ''), blob_key),
			source_key = COALESCE(NULLIF(?, ''), source_key)
		WHERE id = ? AND state IN (?)`
	args := []any{
		s.To, longText(s.Reason.String()), s.Reason.Codes(), longText(s.Reason.Detail), s.Recorder, s.Handle, millis(s.StartedAt), millis(s.StoppedAt),
		s.Duration.Milliseconds(), s.Bytes, s.SHA256, s.Key, s.SourceKey, id,
	}
	from := s.From()
	for _, state := range from {
		args = append(args, state)
	}
	return db.write(ctx, "make a step", func(ctx context.Context, t tx) error {
		if len(from) == 0 {
			return refuse(ctx, t, id, "become "+string(s.To))
		}
		if made, err := madeBefore(ctx, t, id, s.Past()); made || err != nil {
			return err
		}
		if n, err := t.exec(ctx, in(query, len(from)), args...); err != nil {
			return err
		} else if n == 0 {
			return refuse(ctx, t, id, "become "+string(s.To))
		}
		if err := keepChannel(ctx, t, id, s); err != nil {
			return fmt.Errorf("keep the channel: %w", err)
		}
		if err := advanceTracks(ctx, t, id, s); err != nil {
			return fmt.Errorf("advance the tracks: %w", err)
		}
		return insertStep(ctx, t, id, s.Past())
	})
}

// refuse tells why a recording cannot do what its state does not allow: that
// state, or that it is not there.
func refuse(ctx context.Context, t tx, id recording.ID, what string) error {
	const query = `SELECT state FROM recordings WHERE id = ?`
	var state recording.State
	if err := t.row(ctx, query, []any{id}, &state); errors.Is(err, sql.ErrNoRows) {
		return orNotFound(nil, id)
	} else if err != nil {
		return err
	}
	return recording.Errorf(recording.Conflict, "the recording %q is %s and cannot %s", id, state, what)
}

// madeBefore reports whether a change that is repeated had been committed: then
// the history holds its line.
func madeBefore(ctx context.Context, t tx, id recording.ID, p recording.Past) (bool, error) {
	if !t.repeated {
		return false, nil
	}
	const query = `SELECT COUNT(*) FROM steps
		WHERE recording_id = ? AND made_at = ? AND state = ? AND reason_code = ? AND reason_detail = ?`
	var n int
	err := t.row(ctx, query, []any{id, millis(p.At), p.To, p.Reason.Codes(), longText(p.Reason.Detail)}, &n)
	return n > 0, err
}

// insertStep writes the newest line of the history.
func insertStep(ctx context.Context, t tx, id recording.ID, p recording.Past) error {
	const query = `INSERT INTO steps (recording_id, nth, made_at, state, reason, reason_code, reason_detail, said)
		SELECT ?, COALESCE(MAX(nth), 0) + 1, ?, ?, ?, ?, ?, ? FROM steps WHERE recording_id = ?`
	_, err := t.exec(ctx, query, id, millis(p.At), p.To, longText(p.Reason.String()), p.Reason.Codes(), longText(p.Reason.Detail),
		longText(recording.Printable(p.Said, 1000)), id)
	return err
}

// Move implements recorder.Writer. The history tells from where to where;
// the hangup of the channel that was left says nothing of the new one.
func (db recordings) Move(ctx context.Context, id recording.ID, to recording.Party, at time.Time) error {
	return db.write(ctx, "move a recording", func(ctx context.Context, t tx) error {
		const query = `SELECT state, pbx, channel, unique_id, call_id FROM recordings WHERE id = ?`
		var state recording.State
		var pbx, from, uniqueID, callID string
		if err := t.row(ctx, query, []any{id}, &state, &pbx, &from, &uniqueID, &callID); errors.Is(err, sql.ErrNoRows) {
			return orNotFound(nil, id)
		} else if err != nil {
			return err
		}
		if state == recording.Running && uniqueID == to.UniqueID {
			return nil // another program saw the same event
		}
		const update = `UPDATE recordings SET channel = ?, unique_id = ?, extension = ?, channel_ended_at = 0
			WHERE id = ? AND state = ? AND unique_id = ?`
		n, err := t.exec(ctx, update, to.Channel, to.UniqueID, to.Extension, id, recording.Running, uniqueID)
		switch {
		case err != nil:
			return err
		case n == 0 && state == recording.Running:
			return errAgain
		case n == 0:
			return refuse(ctx, t, id, "move to another channel")
		}
		if err := changeChannel(ctx, t, recordedChannel{pbx, uniqueID, id}, to.UniqueID); err != nil {
			return fmt.Errorf("change the channel: %w", err)
		}
		if err := moveTracks(ctx, t, id, uniqueID, to); err != nil {
			return fmt.Errorf("move the tracks: %w", err)
		}
		if err := addParty(ctx, t, callID, to); err != nil {
			return fmt.Errorf("add the party: %w", err)
		}
		reason := recording.Moved(from, recording.Cut(to.Channel, recording.MaxName))
		return insertStep(ctx, t, id, recording.Past{At: at, To: recording.Running, Reason: reason})
	})
}

// History implements ledger.Rows. It begins with the start.
func (db lookup) History(ctx context.Context, id recording.ID) ([]recording.Past, error) {
	const query = `SELECT made_at, state, reason, reason_code, reason_detail, said FROM steps WHERE recording_id = ? ORDER BY nth`
	var steps []recording.Past
	err := db.read(ctx, db.timeout, "read the history", func(ctx context.Context, t tx) error {
		steps = nil // of an earlier try
		return t.each(ctx, func(row scanner) error {
			var p recording.Past
			var reason reasonColumns
			err := row.Scan(timeColumn{&p.At}, &p.To, &reason.text, &reason.codes, &reason.detail, &p.Said)
			p.Reason = reason.of(p.To)
			steps = append(steps, p)
			return err
		}, query, id)
	})
	if len(steps) == 0 {
		return nil, orNotFound(err, id)
	}
	return steps, err
}
