package ami

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The errors of a connection. Do and List wrap them; the driver translates them
// once for its callers: all but ErrUnsafe and *ResponseError mean that the server
// is away.
var (
	// ErrDown: not connected, or not any more (ErrLost). ErrDown without
	// ErrLost says that nothing was sent. Its text has the reason, and
	// errors.Is(err, ErrAuth) holds while logins are refused.
	ErrDown = errors.New("not connected")
	// ErrConnecting: not connected yet, and no attempt has failed so far.
	// errors.Is(err, ErrDown) holds too.
	ErrConnecting = fmt.Errorf("%w yet", ErrDown)
	// ErrLost: the connection ended before the answer came: the action may
	// have been carried out. errors.Is(err, ErrDown) holds too.
	ErrLost = fmt.Errorf("%w any more, the action may have been carried out", ErrDown)
	// ErrTimeout: no answer before the deadline of the context or of Options.
	// The action may have been carried out.
	ErrTimeout = errors.New("no answer in time")
	// ErrBusy: no answer in time, since earlier actions took too long: this
	// one was not sent.
	ErrBusy = errors.New("not asked in time")
	// ErrAuth: the server refused the login. Logins are then retried slowly.
	ErrAuth = errors.New("login refused")
	// ErrInUse: it did because somebody is logged in as this user already, and
	// allowmultiplelogin is off. errors.Is(err, ErrAuth) holds too.
	ErrInUse = fmt.Errorf("%w: only one login at a time is allowed: write allowmultiplelogin = yes in its section of manager.conf and reload, or give recgate its own user", ErrAuth)
	// ErrProtocol: the peer said what no Asterisk says, or far too much.
	ErrProtocol = errors.New("not the manager protocol")
	// ErrUnsafe: an action was refused before anything was written, because
	// Asterisk could read it in another way than it was meant. The text
	// names the header and never holds a value.
	ErrUnsafe = errors.New("action refused")
	// ErrCancelled: the server broke off a listing.
	ErrCancelled = errors.New("listing cancelled by the server")
	// ErrTooMany: a listing beyond MaxRows, or too large to be kept in memory.
	// errors.Is(err, ErrProtocol) holds too.
	ErrTooMany = fmt.Errorf("%w: a listing too large", ErrProtocol)
	// ErrStopped: Run has ended.
	ErrStopped = errors.New("the client was stopped")
	// ErrAgain: the client ended the connection itself, to make it again at once.
	ErrAgain = errors.New("logging in again")

	errRunning    = errors.New("the client runs already")
	errRenewed    = fmt.Errorf("%w, for the present rights", ErrAgain)
	errUnanswered = fmt.Errorf("%w, because an action was not answered", ErrAgain)
	errClosed     = errors.New("connection closed by the server")
)

// NotConnected is ErrDown with the reason why there is no connection, as State
// and SignalDown give it; nil means not connected yet. Of the reason only ErrAuth
// stays matchable: a login that timed out is not an action that timed out.
func NotConnected(cause error) error {
	switch {
	case cause == nil:
		return ErrConnecting
	case errors.Is(cause, ErrAuth):
		return fmt.Errorf("%w: %w", ErrDown, cause)
	}
	return fmt.Errorf("%w: %v", ErrDown, cause)
}

// waitError is why a wait ended with its context.
func waitError(ctx context.Context) error {
	if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ErrTimeout
}

// ResponseError is the answer "Response: Error" to an action.
type ResponseError struct {
	Action  string // name of the action
	Message string // text of Asterisk, e.g. "No such channel"
	Denied  bool   // the account lacks the right
}

// Error names the action and quotes what Asterisk says, shortened.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("action %s refused: %q", e.Action, Shorten(e.Message))
}

// denied is what Asterisk answers for lack of a right, in every version seen.
const denied = "Permission denied"

// refusal makes a *ResponseError of an answer that is "Response: Error". Any
// other answer is nil.
func refusal(action string, answer Message) error {
	if _, value := answer.Kind(); !strings.EqualFold(value, "Error") {
		return nil
	}
	text := answer.Get("Message")
	return &ResponseError{Action: action, Message: text, Denied: text == denied}
}

// Shorten keeps a server's text readable in errors and logs.
func Shorten(s string) string {
	const limit = 200
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "..."
}
