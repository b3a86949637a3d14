// Package spool looks at the files that a PBX writes: Files belong to one
// recording, a Reader answers questions about them, and Owners says which
// recording a file belongs to.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"recgate/recording"
)

// File is one track of a recording with its open file.
type File struct {
	recording.Track
	Body recording.SpoolFile // nil when there is none
	Size int64
	Odd  bool // something else than a file has its name
}

// Files are the files of one recording.
type Files []File

// Open opens the files of tracks, in their order. The caller closes what is
// returned, also with an error: Unavailable, when a file cannot be read.
func Open(p recording.PBX, tracks []recording.Track) (Files, error) {
	var files Files
	for _, t := range tracks {
		body, err := p.Spool.Open(t.File)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			files = append(files, File{Track: t})
			continue
		case errors.Is(err, recording.ErrNotFile):
			files = append(files, File{Track: t, Odd: true})
			continue
		case err != nil:
			return files, unreadable(p, err)
		}
		f := File{Track: t, Body: body}
		info, err := body.Stat()
		if err == nil {
			f.Size = info.Size()
		}
		files = append(files, f)
		if err != nil {
			return files, unreadable(p, err)
		}
	}
	return files, nil
}

// unreadable is the refusal of a spool file that is there and cannot be read.
func unreadable(p recording.PBX, cause error) error {
	if !errors.Is(cause, fs.ErrPermission) {
		return &recording.Error{Code: recording.Unavailable, Err: cause, Msg: fmt.Sprintf("a file of the PBX %q cannot be read: see the log, and check the disk of the folder in its key mount", p.Name)}
	}
	return &recording.Error{
		Code: recording.Unavailable, Err: cause,
		Msg: fmt.Sprintf("a file of the PBX %q cannot be read: give the recgate user read permission on the folder in its key mount", p.Name),
	}
}

// Close closes all files. Nothing is lost when that fails: they were only read.
func (files Files) Close(ctx context.Context, log *slog.Logger) {
	for _, f := range files {
		if f.Body == nil {
			continue
		}
		if err := f.Body.Close(); err != nil {
			log.DebugContext(ctx, "spool file not closed", slog.Any("err", err))
		}
	}
}

// Tracks are what the files were opened by.
func (files Files) Tracks() []recording.Track {
	var tracks []recording.Track
	for _, f := range files {
		tracks = append(tracks, f.Track)
	}
	return tracks
}

// Missing reports whether a track has no file.
func (files Files) Missing() bool {
	return slices.ContainsFunc(files, func(f File) bool { return f.Body == nil })
}

// Size is the size of all files together.
func (files Files) Size() (size int64) {
	for _, f := range files {
		size += f.Size
	}
	return size
}

// Checker looks at the sound of a file: see recording.Sound.
type Checker interface {
	Check(f io.ReaderAt, size int64) (complete bool, length time.Duration, err error)
}

// Readable returns the files that hold a WAV.
func (files Files) Readable(sound Checker) Files {
	return slices.DeleteFunc(slices.Clone(files), func(f File) bool {
		if f.Body == nil {
			return true
		}
		_, _, err := sound.Check(f.Body, f.Size)
		return err != nil
	})
}
