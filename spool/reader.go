package spool

import (
	"context"
	"log/slog"
	"time"

	"recgate/recording"
)

// SomeSound is more than a header: a file of this size has grown before.
const SomeSound = 1 << 10

// Reader answers questions about the files of one recording.
type Reader struct {
	Sound Checker
	Now   func() time.Time
	Log   *slog.Logger
}

// AnyThere reports whether anything has the name of a track.
func (r Reader) AnyThere(ctx context.Context, p recording.PBX, tracks []recording.Track) (bool, error) {
	files, err := Open(p, tracks)
	defer func() { files.Close(ctx, r.Log) }()
	for _, f := range files {
		if f.Body != nil || f.Odd {
			return true, err
		}
	}
	return false, err
}

// Size is the size of all files of the tracks together.
func (r Reader) Size(ctx context.Context, p recording.PBX, tracks []recording.Track) (int64, error) {
	files, err := Open(p, tracks)
	defer func() { files.Close(ctx, r.Log) }()
	return files.Size(), err
}

// LastWritten returns when the PBX last wrote to a file of the tracks, or the
// zero time.
func (r Reader) LastWritten(ctx context.Context, p recording.PBX, tracks []recording.Track) (last time.Time) {
	files, err := Open(p, tracks)
	defer func() { files.Close(ctx, r.Log) }()
	if err != nil {
		return last
	}
	for _, f := range files {
		if f.Body == nil {
			continue
		}
		if info, err := f.Body.Stat(); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return recording.Stamp(last)
}

// Closed reports whether the PBX has closed all files of the tracks, with sound
// in them: one without looks the same when it has just begun.
func (r Reader) Closed(ctx context.Context, p recording.PBX, tracks []recording.Track) bool {
	files, err := Open(p, tracks)
	defer func() { files.Close(ctx, r.Log) }()
	for _, f := range files {
		if f.Body == nil {
			return false
		}
		complete, length, failed := r.Sound.Check(f.Body, f.Size)
		if failed != nil || !complete || length == 0 {
			return false
		}
	}
	return err == nil && len(files) > 0
}

// growsWithin is how long ago a file that grows was written to at most: a PBX
// writes every 2.1 s.
const growsWithin = 10 * time.Second

// Ran returns for how long a recording that runs has run: by the sound in its
// file, which the PBX has counted, if the file grows; else by the clock.
func (r Reader) Ran(ctx context.Context, p recording.PBX, rec recording.Recording) time.Duration {
	var files Files
	if p.Spool != nil {
		files, _ = Open(p, rec.Tracks) // what cannot be opened counts nothing
		defer func() { files.Close(ctx, r.Log) }()
	}
	for _, f := range files {
		if f.Body == nil {
			continue
		}
		info, err := f.Body.Stat()
		_, length, failed := r.Sound.Check(f.Body, f.Size)
		if err == nil && failed == nil && length > 0 && time.Since(info.ModTime()).Abs() < growsWithin {
			return length
		}
	}
	return max(0, recording.Stamp(r.Now()).Sub(rec.StartedAt))
}
