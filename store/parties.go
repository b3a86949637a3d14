package store

import (
	"context"

	"recgate/recording"
)

// addParties adds parties to a call whose row is locked. One that was just
// added has none yet, so that those which differ need not be looked for.
func addParties(ctx context.Context, t tx, callID string, added bool, parties []recording.Party) error {
	const query = `INSERT INTO parties (call_id, unique_id, nth, channel, extension, caller_id) VALUES (?, ?, ?, ?, ?, ?)`
	seen := map[string]bool{}
	for i, p := range parties {
		if id := recording.Cut(p.UniqueID, recording.MaxName); added && !seen[id] {
			seen[id] = true
			if _, err := t.exec(ctx, query, callID, p.UniqueID, i+1, p.Channel, p.Extension, p.CallerID); err != nil {
				return err
			}
			continue
		}
		if err := addParty(ctx, t, callID, p); err != nil {
			return err
		}
	}
	return nil
}

// addParty adds p to a call whose row is locked, or fills in what was not
// known of it.
func addParty(ctx context.Context, t tx, callID string, p recording.Party) error {
	const update = `UPDATE parties SET
			channel = CASE WHEN channel = '' THEN ? ELSE channel END,
			extension = CASE WHEN extension = '' THEN ? ELSE extension END,
			caller_id = CASE WHEN caller_id = '' THEN ? ELSE caller_id END
		WHERE call_id = ? AND unique_id = ?`
	n, err := t.exec(ctx, update, p.Channel, p.Extension, p.CallerID, callID, p.UniqueID)
	if n > 0 || err != nil {
		return err
	}
	const insert = `INSERT INTO parties (call_id, unique_id, nth, channel, extension, caller_id)
		SELECT ?, ?, COALESCE(MAX(nth), 0) + 1, ?, ?, ? FROM parties WHERE call_id = ?`
	_, err = t.exec(ctx, insert, callID, p.UniqueID, p.Channel, p.Extension, p.CallerID, callID)
	if t.isDuplicate(err) {
		return errAgain
	}
	return err
}

// readParties fills the parties of the calls, which are given by their ids.
func readParties(ctx context.Context, t tx, calls map[string][]*recording.Call, ids []any) error {
	const query = `SELECT call_id, channel, unique_id, extension, caller_id
		FROM parties WHERE call_id IN (?) ORDER BY call_id, nth`
	return t.each(ctx, func(row scanner) error {
		var id string
		var p recording.Party
		if err := row.Scan(&id, &p.Channel, &p.UniqueID, &p.Extension, &p.CallerID); err != nil {
			return err
		}
		for _, c := range calls[id] {
			c.Parties = append(c.Parties, p)
		}
		return nil
	}, in(query, len(ids)), ids...)
}
