package asterisk

import (
	"context"
	"errors"
	"fmt"

	"recgate/ami"
	"recgate/recording"
)

// writeClass names the class that each action needs on the "write" line of
// manager.conf (measured on Asterisk 16 and 22).
var writeClass = map[string]string{
	"MixMonitor": "system", "StopMixMonitor": "system", "CoreShowChannels": "system", "CoreSettings": "system",
	"Monitor": "call", "StopMonitor": "call", "Getvar": "call", "Status": "call",
}

// fault is where errors of the connection become errors that a caller may
// hear: once, for all actions.
func (p *PBX) fault(err error) error {
	var known *recording.Error
	var refused *ami.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, ami.ErrUnsafe):
		return fmt.Errorf("pbx %q: %w", p.name, err)
	case errors.As(err, &refused):
		return p.refused(refused)
	case errors.Is(err, ami.ErrLost):
		return p.uncertain(err, "the connection to the PBX %q was lost before it answered", p.name)
	case errors.Is(err, ami.ErrInUse):
		return p.unavailable(err, "the PBX %q allows only one login of the user %q at a time, and it is in use: write allowmultiplelogin = yes in the section of that user in manager.conf and reload, or give recgate its own user", p.name, p.user)
	case errors.Is(err, ami.ErrAuth):
		return p.unavailable(err, "the PBX %q refuses the login: check username, secret and the permit and deny lines of manager.conf", p.name)
	case errors.Is(err, ami.ErrDown):
		return p.unavailable(err, "the PBX %q is not connected", p.name)
	case errors.Is(err, ami.ErrBusy):
		return p.unavailable(err, "the PBX %q is busy with earlier requests, and was not asked: try again", p.name)
	case errors.Is(err, ami.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return p.uncertain(err, "the PBX %q did not answer in time", p.name)
	case errors.Is(err, context.Canceled):
		return p.uncertain(err, "the request was cancelled before the PBX %q answered", p.name)
	}
	return p.unavailable(err, "the PBX %q gave an answer that recgate does not understand: see the log", p.name)
}

// refused is what "Response: Error" means.
func (p *PBX) refused(err *ami.ResponseError) error {
	switch {
	case err.Denied:
		return p.unavailable(err, "%s", p.lacks(err.Action))
	case answerOf(err) == isGone:
		return errGone
	}
	return p.unavailable(err, "the PBX %q refuses %s: %q", p.name, err.Action, ami.Shorten(err.Message))
}

// lacks says which right is missing for an action, and where to write it.
func (p *PBX) lacks(action string) string {
	class := writeClass[action]
	if class == "" {
		return fmt.Sprintf("the user %q of the PBX %q may not use %s", p.user, p.name, action)
	}
	return fmt.Sprintf("the user %q of the PBX %q may not use %s: add %q to its write line in manager.conf, and reload: recgate notices it within 15 s",
		p.user, p.name, action, class)
}

func (p *PBX) unavailable(cause error, format string, args ...any) error {
	return &recording.Error{Code: recording.Unavailable, Msg: fmt.Sprintf(format, args...), Err: cause}
}

// uncertain is unavailable after a request that may have been carried out.
func (p *PBX) uncertain(cause error, format string, args ...any) error {
	return p.unavailable(fmt.Errorf("%w: %w", recording.ErrUncertain, cause), format, args...)
}

// What there is nothing left of.
var (
	errGone  = recording.Errorf(recording.NotFound, "the call has ended: its channel is gone")
	errEnded = recording.Errorf(recording.NotFound, "the recording has ended already")
)
