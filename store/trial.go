package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"recgate/recording"
)

// TryStart writes what a start writes and deletes it again in the same
// transaction, which nobody else sees: nil when a start could be written now,
// else the Unavailable error that it would meet, such as of a full disk, tables
// that are not there or a server that is read-only. The tables must be up to date.
func (db schema) TryStart(ctx context.Context) error {
	now := time.Now()
	id, err := recording.NewID(now, rand.Reader)
	if err != nil {
		return fmt.Errorf("try a start: %w", err)
	}
	call := "trial " + string(id)
	r := recording.Recording{
		ID: id, Reason: recording.Reason{Code: recording.ReasonAsked}, PBX: call, UniqueID: call, AskedAt: now, Tags: []string{call},
		Call:   recording.Call{ID: call, PBX: call, LinkedID: call, Parties: []recording.Party{{UniqueID: call}}},
		Tracks: []recording.Track{{File: call}},
	}
	err = db.write(ctx, "try a start", func(ctx context.Context, t tx) error {
		t.repeated = false // nothing stays of an earlier try
		if err := addRecording(ctx, t, r); err != nil {
			return err
		}
		return removeTrial(ctx, t, r)
	})
	var own *recording.Error
	if err != nil && !errors.As(err, &own) {
		return &recording.Error{Code: recording.Unavailable, Msg: "the database cannot store a recording: check that its tables are complete and its user may write to them; see the log", Err: err}
	}
	return err
}

// removeTrial deletes a recording that was just added, and its call.
func removeTrial(ctx context.Context, t tx, r recording.Recording) error {
	const (
		tags     = `DELETE FROM tags WHERE recording_id = ?`
		tracks   = `DELETE FROM tracks WHERE recording_id = ?`
		steps    = `DELETE FROM steps WHERE recording_id = ?`
		channels = `DELETE FROM recorded_channels WHERE recording_id = ?`
		rows     = `DELETE FROM recordings WHERE id = ?`
		parties  = `DELETE FROM parties WHERE call_id = ?`
		calls    = `DELETE FROM calls WHERE id = ?`
	)
	for _, query := range []string{tags, tracks, steps, channels, rows} {
		if _, err := t.exec(ctx, query, r.ID); err != nil {
			return err
		}
	}
	for _, query := range []string{parties, calls} {
		if _, err := t.exec(ctx, query, r.Call.ID); err != nil {
			return err
		}
	}
	return nil
}

// IsUpToDate reports whether Migrate would find nothing to do.
func (db schema) IsUpToDate(ctx context.Context) (bool, error) {
	p, err := db.provider()
	if err != nil {
		return false, err
	}
	version, err := db.Version(ctx)
	return version == newestOf(p), err
}
