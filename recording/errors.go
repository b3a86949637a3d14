package recording

import (
	"errors"
	"fmt"
)

// Code says to a program what went wrong. Every door maps each code once.
type Code int

// The codes. Internal is the zero value, so a plain error is one.
const (
	Internal    Code = iota // not an *Error: log everything, tell the caller nothing
	Invalid                 // what was asked makes no sense
	Forbidden               // it does, and this actor may not
	NotFound                // no such live call, tag or recording
	Conflict                // the state forbids it: ambiguous, deleted, private, empty, lost
	NotReady                // the call is still in progress
	Unavailable             // the PBX, the database or the archive is away
	NumCodes
)

// Error is the one error type that crosses packages.
type Error struct {
	Code Code
	Msg  string // for the caller: what is wrong and what to do; no path, no SQL, no Go
	Err  error  // for the log: the cause, or nil
}

// Error returns the message for the log: the message for the caller, then the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first *Error that err wraps, and Internal
// for any other error.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// Message returns what a caller may know of err: the Msg of the first
// *Error that it wraps, and "internal error" for any other error.
func Message(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != Internal {
		return e.Msg
	}
	return "internal error"
}

// Errorf makes an *Error with a formatted message for the caller and no cause.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// ErrLastSeen is wrapped by the error of a PBX that is away and had a channel
// of this unique id when it was last seen.
var ErrLastSeen = errors.New("the PBX had it when it was last seen")

// ErrNoFile is wrapped by the refusal of a start whose file did not appear in
// the spool, or stayed empty: the next start will most likely meet the same.
var ErrNoFile = errors.New("the file of the recording did not appear")

// ErrUncertain is wrapped by an error after which it is not known whether the
// PBX did what it was asked: the connection broke, or no answer came in time.
var ErrUncertain = errors.New("it is not known whether the PBX did it")
