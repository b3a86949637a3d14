package store

import (
	"context"
	"slices"

	"recgate/recording"
)

// selectRecordings begins every query for recordings; scanRecording reads its
// rows. Tags, tracks and parties are read by whole.
const selectRecordings = `SELECT
		r.id, r.state, r.reason, r.reason_code, r.reason_detail,
		r.pbx, r.channel, r.unique_id, r.extension, r.recorder, r.handle, r.asked_by, r.private, r.deleted,
		r.asked_at, r.started_at, r.answered_at, r.stopped_at, r.channel_ended_at,
		r.duration, r.bytes, r.sha256, r.blob_key, r.source_key,
		c.id, c.pbx, c.linked_id, c.started_at, c.answered_at, c.ended_at,
		(SELECT COUNT(*) FROM call_parts p WHERE p.part_of = c.id)
	FROM recordings r JOIN calls c ON c.id = r.call_id `

func scanRecording(row scanner, r *recording.Recording) (hasParts bool, err error) {
	var reason reasonColumns
	var parts int
	err = row.Scan(
		&r.ID, &r.State, &reason.text, &reason.codes, &reason.detail,
		&r.PBX, &r.Channel, &r.UniqueID, &r.Extension, &r.Recorder, &r.Handle, &r.AskedBy, &r.Private, &r.Deleted,
		timeColumn{&r.AskedAt}, timeColumn{&r.StartedAt}, timeColumn{&r.AnsweredAt}, timeColumn{&r.StoppedAt}, timeColumn{&r.ChannelEndedAt},
		durationColumn{&r.Duration}, &r.Bytes, &r.SHA256, &r.Key, &r.SourceKey,
		&r.Call.ID, &r.Call.PBX, &r.Call.LinkedID, timeColumn{&r.Call.StartedAt}, timeColumn{&r.Call.AnsweredAt}, timeColumn{&r.Call.EndedAt},
		&parts,
	)
	r.Reason = reason.of(r.State)
	return parts > 0, err
}

// Get implements recording.Getter.
func (db lookup) Get(ctx context.Context, id recording.ID) (recording.Recording, error) {
	const query = selectRecordings + `WHERE r.id = ?`
	list, err := db.list(ctx, "read a recording", query, id)
	if err != nil || len(list) == 0 {
		return recording.Recording{}, orNotFound(err, id)
	}
	return list[0], nil
}

// ByTag implements retrieve.Rows. It is asked for every retrieval, so it is
// one statement that reads no more than is judged, and ByUniqueID likewise.
func (db lookup) ByTag(ctx context.Context, tag string, limit int) ([]recording.Candidate, error) {
	const query = `SELECT r.id, r.state, r.reason, r.reason_code, r.reason_detail, r.private, r.deleted, r.channel_ended_at, r.bytes, r.blob_key
		FROM tags t JOIN recordings r ON r.id = t.recording_id WHERE t.tag = ?
		ORDER BY t.asked_at DESC, t.recording_id DESC LIMIT ?`
	return db.candidates(ctx, "read recordings by tag", query, tag, max(0, limit))
}

// ByUniqueID implements retrieve.Rows. Calls are looked through only where
// no channel is found, and for the channel once more at the same moment.
func (db lookup) ByUniqueID(ctx context.Context, uniqueID string, limit int) ([]recording.Candidate, error) {
	const own = `SELECT r.id, r.state, r.reason, r.reason_code, r.reason_detail, r.private, r.deleted, r.channel_ended_at, r.bytes, r.blob_key
		FROM recordings r WHERE r.unique_id = ?
		ORDER BY r.asked_at DESC, r.id DESC LIMIT ?`
	const inCall = `SELECT r.id, r.state, r.reason, r.reason_code, r.reason_detail, r.private, r.deleted, r.channel_ended_at, r.bytes, r.blob_key
		FROM recordings r WHERE r.call_id IN (SELECT call_id FROM parties WHERE unique_id = ?)
		ORDER BY r.asked_at DESC, r.id DESC LIMIT ?`
	const what = "read recordings by unique id"
	limit = max(0, limit)
	list, err := db.candidates(ctx, what, own, uniqueID, limit)
	if err != nil || len(list) > 0 {
		return list, err
	}
	err = db.read(ctx, db.timeout, what, func(ctx context.Context, t tx) (err error) {
		for _, query := range []string{own, inCall} {
			if list, err = selectCandidates(ctx, t, query, uniqueID, limit); err != nil || len(list) > 0 {
				return err
			}
		}
		return nil
	})
	return list, err
}

func (db lookup) candidates(ctx context.Context, what, query, key string, limit int) (list []recording.Candidate, err error) {
	err = db.readOnce(ctx, what, func(ctx context.Context, t tx) (err error) {
		list, err = selectCandidates(ctx, t, query, key, limit)
		return err
	})
	return list, err
}

func selectCandidates(ctx context.Context, t tx, query, key string, limit int) (list []recording.Candidate, err error) {
	err = t.each(ctx, func(row scanner) error {
		var c recording.Candidate
		var reason reasonColumns
		err := row.Scan(&c.ID, &c.State, &reason.text, &reason.codes, &reason.detail, &c.Private, &c.Deleted, timeColumn{&c.ChannelEndedAt}, &c.Bytes, &c.Key)
		c.Reason = reason.of(c.State)
		list = append(list, c)
		return err
	}, query, key, limit)
	return list, err
}

// Open implements recorder.Rows. What is open is few among many, so its two
// halves are looked up apart, each by an index of its own.
func (db lookup) Open(ctx context.Context, pbx string) ([]recording.Recording, error) {
	const query = selectRecordings + `JOIN (
			SELECT id FROM recordings WHERE pbx = ? AND channel_ended_at = 0
			UNION
			SELECT id FROM recordings WHERE pbx = ? AND state IN (?)
		) o ON o.id = r.id ORDER BY r.asked_at DESC, r.id DESC`
	args := []any{pbx, pbx}
	for _, s := range recording.States() {
		if !s.Final() {
			args = append(args, s)
		}
	}
	return db.list(ctx, "read open recordings", in(query, len(args)-2), args...)
}

// OnChannel implements recorder.Rows.
func (db lookup) OnChannel(ctx context.Context, pbx, uniqueID string) ([]recording.Recording, error) {
	const query = selectRecordings + `WHERE r.unique_id = ? AND r.pbx = ? AND r.state IN (?, ?, ?)
		ORDER BY r.asked_at DESC, r.id DESC`
	return db.list(ctx, "read what is recorded on a channel", query, uniqueID, pbx, recording.Starting, recording.Running, recording.Collecting)
}

// Unfinished implements ledger.Rows. It reads the whole table: no
// index begins with the state.
func (db lookup) Unfinished(ctx context.Context) (list []recording.Recording, err error) {
	const query = selectRecordings + `WHERE r.channel_ended_at = 0 OR r.state IN (?) ORDER BY r.asked_at DESC, r.id DESC`
	var args []any
	for _, s := range recording.States() {
		if !s.Final() {
			args = append(args, s)
		}
	}
	err = db.read(ctx, slow, "read unfinished recordings", func(ctx context.Context, t tx) (err error) {
		list, err = selectWhole(ctx, t, in(query, len(args)), args...)
		return err
	})
	return list, err
}

func (db lookup) list(ctx context.Context, what, query string, args ...any) (list []recording.Recording, err error) {
	err = db.read(ctx, db.timeout, what, func(ctx context.Context, t tx) (err error) {
		list, err = selectWhole(ctx, t, query, args...)
		return err
	})
	return list, err
}

// chunk is for how many recordings tags, tracks and parties are asked at once.
const chunk = 500

// selectWhole runs a query for recordings and reads what belongs to them: three
// queries more for each chunk, however long the list.
func selectWhole(ctx context.Context, t tx, query string, args ...any) ([]recording.Recording, error) {
	var list []recording.Recording
	parts := false
	err := t.each(ctx, func(row scanner) error {
		var r recording.Recording
		has, err := scanRecording(row, &r)
		list, parts = append(list, r), parts || has
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(list, chunk) {
		if err := readWhole(ctx, t, part, parts); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readWhole fills tags, tracks, parties and, where calls have any, their parts.
func readWhole(ctx context.Context, t tx, list []recording.Recording, parts bool) error {
	byID, ids := map[recording.ID]*recording.Recording{}, []any{}
	byCall, callIDs := map[string][]*recording.Call{}, []any{}
	for i := range list {
		r := &list[i]
		byID[r.ID] = r
		ids = append(ids, r.ID)
		if byCall[r.Call.ID] == nil {
			callIDs = append(callIDs, r.Call.ID)
		}
		byCall[r.Call.ID] = append(byCall[r.Call.ID], &r.Call)
	}
	if err := readTags(ctx, t, byID, ids); err != nil {
		return err
	}
	if err := readTracks(ctx, t, byID, ids); err != nil {
		return err
	}
	if parts {
		if err := readParts(ctx, t, byCall, callIDs); err != nil {
			return err
		}
	}
	return readParties(ctx, t, byCall, callIDs)
}
