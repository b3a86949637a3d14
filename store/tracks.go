package store

import (
	"context"

	"recgate/recording"
)

// replaceTracks makes tracks the only ones of a recording whose row is locked.
func replaceTracks(ctx context.Context, t tx, id recording.ID, tracks []recording.Track) error {
	const remove = `DELETE FROM tracks WHERE recording_id = ?`
	if _, err := t.exec(ctx, remove, id); err != nil {
		return err
	}
	return insertTracks(ctx, t, id, tracks)
}

// insertTracks adds the tracks of a recording that has none.
func insertTracks(ctx context.Context, t tx, id recording.ID, tracks []recording.Track) error {
	const query = `INSERT INTO tracks (recording_id, nth, file, voice, party, started_at) VALUES (?, ?, ?, ?, ?, ?)`
	for i, track := range tracks {
		if _, err := t.exec(ctx, query, id, i, track.File, track.Voice, track.Party, millis(track.StartedAt)); err != nil {
			return err
		}
	}
	return nil
}

// readTracks fills the tracks of the recordings, which are given by their ids.
func readTracks(ctx context.Context, t tx, list map[recording.ID]*recording.Recording, ids []any) error {
	const query = `SELECT recording_id, file, voice, party, started_at
		FROM tracks WHERE recording_id IN (?) ORDER BY recording_id, nth`
	return t.each(ctx, func(row scanner) error {
		var id recording.ID
		var track recording.Track
		if err := row.Scan(&id, &track.File, &track.Voice, &track.Party, timeColumn{&track.StartedAt}); err != nil {
			return err
		}
		list[id].Tracks = append(list[id].Tracks, track)
		return nil
	}, in(query, len(ids)), ids...)
}
