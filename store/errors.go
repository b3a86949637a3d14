package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"recgate/recording"
)

// fault is where errors of the drivers end: what a caller can be told is an
// Unavailable *recording.Error, the rest is a plain error that says what was
// being done. Errors of our own pass.
func fault(ctx context.Context, d dialect, what string, err error) error {
	var own *recording.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return unavailable("the database did not answer in time", what, err)
	case ctx.Err() != nil: // some drivers tell of an interruption in their own words
		return unavailable("the database did not answer in time", what, errors.Join(ctx.Err(), err))
	case errors.Is(err, errAgain):
		return unavailable("the database is too busy", what, err)
	}
	switch d.kindOf(err) {
	case away:
		return unavailable("the database cannot be reached", what, err)
	case notReady:
		return unavailable("the database server has lost its cluster or has not caught up with it", what, err)
	case refused:
		return unavailable("the database refuses the login: check its user, password, rights, name and tls", what, err)
	case again:
		return unavailable("the database is too busy", what, err)
	case full:
		return unavailable("the disk of the database is full", what, err)
	case readOnly:
		return unavailable("the database is read-only", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func unavailable(msg, what string, err error) error {
	return &recording.Error{Code: recording.Unavailable, Msg: msg, Err: fmt.Errorf("%s: %w", what, err)}
}

// lost reports whether the connection broke, in words that all drivers share.
func lost(err error) bool {
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
