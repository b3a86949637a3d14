package blob

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"recgate/recording"
)

// ended is what is said when the caller's time is up.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &recording.Error{Code: recording.Unavailable, Msg: "the archive did not answer in time", Err: err}
	}
	return nil
}

// unwritable says what is wrong when a file cannot be written, in the words
// of somebody who can do something about it.
func unwritable(err error) error {
	msg := "the archive cannot be written: see the log"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		msg = "the archive is full"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		msg = "the archive cannot be written (read-only or not permitted)"
	case errors.Is(err, fs.ErrNotExist):
		msg = "the folder of the archive is not there"
	}
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: err}
}

// unreadable is unwritable for reading.
func unreadable(err error) error {
	msg := "the archive cannot be read: see the log"
	switch {
	case errors.Is(err, fs.ErrPermission):
		msg = "the archive cannot be read (not permitted)"
	case errors.Is(err, fs.ErrNotExist):
		msg = "the folder of the archive is not there"
	}
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: err}
}
