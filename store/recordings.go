package store

import (
	"context"
	"fmt"
	"slices"

	"recgate/recording"
)

// Add implements recorder.Writer.
func (db recordings) Add(ctx context.Context, r recording.Recording) error {
	return db.write(ctx, "add a recording", func(ctx context.Context, t tx) error {
		return addRecording(ctx, t, r)
	})
}

func addRecording(ctx context.Context, t tx, r recording.Recording) error {
	if t.repeated {
		const query = `SELECT COUNT(*) FROM recordings WHERE id = ?`
		var n int
		if err := t.row(ctx, query, []any{r.ID}, &n); n > 0 || err != nil {
			return err
		}
	}
	callID, added, err := joinCall(ctx, t, r.Call)
	if err != nil {
		return fmt.Errorf("join the call: %w", err)
	}
	if err := addParties(ctx, t, callID, added, r.Call.Parties); err != nil {
		return fmt.Errorf("add the parties: %w", err)
	}
	if err := insertRecording(ctx, t, r, callID); err != nil {
		return err
	}
	if err := takeChannel(ctx, t, recordedChannel{r.PBX, r.UniqueID, r.ID}); err != nil {
		return fmt.Errorf("take the channel: %w", err)
	}
	for _, tag := range lastOfEach(r.Tags) {
		if err := insertTag(ctx, t, r.ID, tag, r.AskedAt); err != nil {
			return fmt.Errorf("add a tag: %w", err)
		}
	}
	if err := insertTracks(ctx, t, r.ID, r.Tracks); err != nil {
		return fmt.Errorf("add a track: %w", err)
	}
	return insertStep(ctx, t, r.ID, recording.Past{At: r.AskedAt, To: recording.Starting, Reason: r.Reason})
}

// lastOfEach drops tags that come again later.
func lastOfEach(tags []string) []string {
	var kept []string
	for i, tag := range tags {
		if !slices.Contains(tags[i+1:], tag) {
			kept = append(kept, tag)
		}
	}
	return kept
}

func insertRecording(ctx context.Context, t tx, r recording.Recording, callID string) error {
	const query = `INSERT INTO recordings (
			id, call_id, state, reason, reason_code, reason_detail, external_reference,
			pbx, channel, unique_id, extension, recorder, handle, asked_by, private, deleted,
			asked_at, started_at, answered_at, stopped_at, channel_ended_at,
			duration, bytes, sha256, blob_key, source_key)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	_, err := t.exec(ctx, query,
		r.ID, callID, recording.Starting, longText(r.Reason.String()), r.Reason.Codes(), longText(r.Reason.Detail), r.Tag(),
		r.PBX, r.Channel, r.UniqueID, r.Extension, r.Recorder, r.Handle, r.AskedBy, r.Private, r.Deleted,
		millis(r.AskedAt), millis(r.StartedAt), millis(r.AnsweredAt), millis(r.StoppedAt), millis(r.ChannelEndedAt),
		r.Duration.Milliseconds(), r.Bytes, r.SHA256, r.Key, r.SourceKey)
	if t.isDuplicate(err) {
		return recording.Errorf(recording.Conflict, "a recording with the id %q already exists", r.ID)
	}
	return err
}

// SetFlags sets both flags of a recording.
func (db recordings) SetFlags(ctx context.Context, id recording.ID, private, deleted bool) error {
	const query = `UPDATE recordings SET private = ?, deleted = ? WHERE id = ?`
	return db.write(ctx, "set the flags", func(ctx context.Context, t tx) error {
		n, err := t.exec(ctx, query, private, deleted, id)
		if n == 0 || err != nil {
			return orNotFound(err, id)
		}
		return nil
	})
}

// orNotFound returns err, or that no recording has this id when err is nil.
func orNotFound(err error, id recording.ID) error {
	if err == nil {
		err = recording.Errorf(recording.NotFound, "no recording has the id %q", id)
	}
	return err
}
