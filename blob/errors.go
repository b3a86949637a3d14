package blob

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"recgate/recording"
)

// checkDeadline returns an error when the caller's time is up.
func checkDeadline(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &recording.Error{Code: recording.Unavailable, Msg: "the archive did not answer in time", Err: err}
	}
	return nil
}

// writeError says why a file cannot be written, in words that an operator can
// act on.
func writeError(err error) error {
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

// readError says why a file cannot be read.
func readError(err error) error {
	msg := "the archive cannot be read: see the log"
	switch {
	case errors.Is(err, fs.ErrPermission):
		msg = "the archive cannot be read (not permitted)"
	case errors.Is(err, fs.ErrNotExist):
		msg = "the folder of the archive is not there"
	}
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: err}
}
