package asterisk

import (
	"context"
	"errors"
	"fmt"

	"recgate/ami"
	"recgate/recording"
)

// fault is where errors of the client become errors that a caller may hear:
// once, for all actions.
func (a account) fault(err error) error {
	var known *recording.Error
	var refused *ami.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, ami.ErrUnsafe):
		return fmt.Errorf("pbx %q: %w", a.pbx, err)
	case errors.As(err, &refused):
		return a.refused(refused)
	case errors.Is(err, ami.ErrLost):
		return a.uncertain(err, "the connection to the PBX %q was lost before it answered", a.pbx)
	case errors.Is(err, ami.ErrInUse):
		return a.unavailable(err, "the PBX %q allows only one login of the user %q at a time, and it is in use: write allowmultiplelogin = yes in the section of that user in manager.conf and reload, or give recgate its own user", a.pbx, a.user)
	case errors.Is(err, ami.ErrAuth):
		return a.unavailable(err, "the PBX %q refuses the login: check username, secret and the permit and deny lines of manager.conf", a.pbx)
	case errors.Is(err, ami.ErrDown):
		return a.unavailable(err, "the PBX %q is not connected", a.pbx)
	case errors.Is(err, ami.ErrBusy):
		return a.unavailable(err, "the PBX %q is busy with earlier requests, and was not asked: try again", a.pbx)
	case errors.Is(err, ami.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return a.uncertain(err, "the PBX %q did not answer in time", a.pbx)
	case errors.Is(err, context.Canceled):
		return a.uncertain(err, "the request was cancelled before the PBX %q answered", a.pbx)
	}
	return a.unavailable(err, "the PBX %q gave an answer that recgate does not understand: see the log", a.pbx)
}

// refused is what "Response: Error" means.
func (a account) refused(err *ami.ResponseError) error {
	switch {
	case err.Denied:
		return a.unavailable(err, "%s", a.lacks(err.Action))
	case answerOf(err) == isGone:
		return errGone
	}
	return a.unavailable(err, "the PBX %q refuses %s: %q", a.pbx, err.Action, ami.Shorten(err.Message))
}

func (a account) unavailable(cause error, format string, args ...any) error {
	return &recording.Error{Code: recording.Unavailable, Msg: fmt.Sprintf(format, args...), Err: cause}
}

// uncertain is unavailable after a request that may have been carried out.
func (a account) uncertain(cause error, format string, args ...any) error {
	return a.unavailable(fmt.Errorf("%w: %w", recording.ErrUncertain, cause), format, args...)
}

// because is an error with more causes, for the log.
func because(err error, more ...error) error {
	return &recording.Error{Code: recording.CodeOf(err), Msg: recording.Message(err), Err: errors.Join(append(more, err)...)}
}

// What there is nothing left of.
var (
	errGone  = recording.Errorf(recording.NotFound, "the call has ended: its channel is gone")
	errEnded = recording.Errorf(recording.NotFound, "the recording has ended already")
)
