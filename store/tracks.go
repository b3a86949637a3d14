package store

import (
	"context"

	"recgate/recording"
)

// advanceTracks makes a step of a recording, whose row has made it, with its
// tracks.
func advanceTracks(ctx context.Context, t tx, id recording.ID, s recording.Step) error {
	if s.Tracks == nil {
		const query = `UPDATE tracks SET state = ?,
				recorder = COALESCE(NULLIF(?, ''), recorder),
				handle = COALESCE(NULLIF(?, ''), handle),
				stopped_at = COALESCE(NULLIF(?, 0), stopped_at),
				bytes = COALESCE(NULLIF(?, 0), bytes)
			WHERE recording_id = ?`
		_, err := t.exec(ctx, query, s.To, s.Recorder, s.Handle, millis(s.StoppedAt), s.Bytes, id)
		return err
	}
	const remove = `DELETE FROM tracks WHERE recording_id = ?`
	if _, err := t.exec(ctx, remove, id); err != nil {
		return err
	}
	return insertTracks(ctx, t, id, s.Advance(s.Tracks))
}

// insertTracks adds the tracks of a recording that has none. They are in its
// state, and what they do not say is in its row.
func insertTracks(ctx context.Context, t tx, id recording.ID, tracks []recording.Track) error {
	const query = `INSERT INTO tracks (
			recording_id, nth, file, voice, party, started_at, channel, unique_id, recorder, handle, state, stopped_at, bytes)
		SELECT id, ?, ?, ?, ?, ?,
			COALESCE(NULLIF(?, ''), channel), COALESCE(NULLIF(?, ''), unique_id),
			COALESCE(NULLIF(?, ''), recorder), COALESCE(NULLIF(?, ''), handle),
			state, COALESCE(NULLIF(?, 0), stopped_at), COALESCE(NULLIF(?, 0), bytes)
		FROM recordings WHERE id = ?`
	for i, track := range tracks {
		if _, err := t.exec(ctx, query, i, track.File, track.Voice, track.Party, millis(track.StartedAt),
			track.Channel, track.UniqueID, track.Recorder, track.Handle, millis(track.StoppedAt), track.Bytes, id); err != nil {
			return err
		}
	}
	return nil
}

// moveTracks lets the tracks of one channel go on on another.
func moveTracks(ctx context.Context, t tx, id recording.ID, from string, to recording.Party) error {
	const query = `UPDATE tracks SET channel = ?, unique_id = ? WHERE recording_id = ? AND unique_id = ?`
	_, err := t.exec(ctx, query, to.Channel, to.UniqueID, id, from)
	return err
}

// fillTracks gives the tracks of recordings that a version wrote which knew
// files alone what their recordings say.
func fillTracks(ctx context.Context, t tx, from, to string) error {
	const query = `UPDATE tracks SET
			channel = (SELECT r.channel FROM recordings r WHERE r.id = tracks.recording_id),
			unique_id = (SELECT r.unique_id FROM recordings r WHERE r.id = tracks.recording_id),
			recorder = (SELECT r.recorder FROM recordings r WHERE r.id = tracks.recording_id),
			handle = (SELECT r.handle FROM recordings r WHERE r.id = tracks.recording_id),
			state = (SELECT r.state FROM recordings r WHERE r.id = tracks.recording_id),
			stopped_at = (SELECT r.stopped_at FROM recordings r WHERE r.id = tracks.recording_id),
			bytes = (SELECT r.bytes FROM recordings r WHERE r.id = tracks.recording_id)
		WHERE recording_id > ? AND recording_id <= ? AND state = ''`
	_, err := t.exec(ctx, query, from, to)
	return err
}

// readTracks fills the tracks of the recordings, which are given by their ids.
func readTracks(ctx context.Context, t tx, list map[recording.ID]*recording.Recording, ids []any) error {
	const query = `SELECT recording_id, file, voice, party, started_at, channel, unique_id, recorder, handle, state, stopped_at, bytes
		FROM tracks WHERE recording_id IN (?) ORDER BY recording_id, nth`
	err := t.each(ctx, func(row scanner) error {
		var id recording.ID
		var track recording.Track
		err := row.Scan(&id, &track.File, &track.Voice, &track.Party, timeColumn{&track.StartedAt},
			&track.Channel, &track.UniqueID, &track.Recorder, &track.Handle, &track.State, timeColumn{&track.StoppedAt}, &track.Bytes)
		if err != nil {
			return err
		}
		list[id].Tracks = append(list[id].Tracks, track)
		return nil
	}, in(query, len(ids)), ids...)
	for _, r := range list {
		r.Tracks = recording.StoredTracks(*r, r.Tracks)
	}
	return err
}
