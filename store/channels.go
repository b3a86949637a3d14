package store

import (
	"context"
	"slices"

	"recgate/recording"
)

// recordedChannel is a row of the table recorded_channels.
type recordedChannel struct {
	pbx, uniqueID string
	id            recording.ID
}

// takeChannel notes that a channel is being recorded. The key of the table
// lets one of several programs through.
func takeChannel(ctx context.Context, t tx, c recordedChannel) error {
	const query = `INSERT INTO recorded_channels (pbx, unique_id, recording_id) VALUES (?, ?, ?)`
	_, err := t.exec(ctx, query, c.pbx, c.uniqueID, c.id)
	if t.isDuplicate(err) {
		return recording.Errorf(recording.Conflict, "the channel %q of the PBX %q is already being recorded", c.uniqueID, c.pbx)
	}
	return err
}

// retakeChannel is for a recording that runs on although its channel was
// freed. A channel that is recorded by now stays with the recording that has it.
func retakeChannel(ctx context.Context, t tx, id recording.ID) error {
	const query = `SELECT pbx, unique_id FROM recordings WHERE id = ?`
	c := recordedChannel{id: id}
	if err := t.row(ctx, query, []any{id}, &c.pbx, &c.uniqueID); err != nil {
		return err
	}
	err := takeChannel(ctx, t, c)
	if recording.CodeOf(err) == recording.Conflict {
		return nil
	}
	return err
}

// keepChannel notes what a step means for the channel of a recording.
func keepChannel(ctx context.Context, t tx, id recording.ID, s recording.Step) error {
	switch {
	case s.Back && s.To == recording.Running:
		return retakeChannel(ctx, t, id)
	case s.To == recording.Running, !slices.Contains(s.From(), recording.Starting):
		return nil
	}
	return freeChannel(ctx, t, id)
}

// freeChannel ends what takeChannel noted of a recording; one without a
// channel of its own has nothing to end. The row is found by its key, which
// the recording holds: a search would lock the rows of others.
func freeChannel(ctx context.Context, t tx, id recording.ID) error {
	const query = `DELETE FROM recorded_channels
		WHERE pbx = (SELECT pbx FROM recordings WHERE id = ?)
			AND unique_id = (SELECT unique_id FROM recordings WHERE id = ?) AND recording_id = ?`
	_, err := t.exec(ctx, query, id, id, id)
	return err
}

// changeChannel lets a recording go on on another channel of its PBX. One
// that is recorded already stays with the recording that has it.
func changeChannel(ctx context.Context, t tx, from recordedChannel, to string) error {
	const leave = `DELETE FROM recorded_channels WHERE pbx = ? AND unique_id = ? AND recording_id = ?`
	if _, err := t.exec(ctx, leave, from.pbx, from.uniqueID, from.id); err != nil {
		return err
	}
	err := takeChannel(ctx, t, recordedChannel{from.pbx, to, from.id})
	if recording.CodeOf(err) == recording.Conflict {
		return nil
	}
	return err
}
