package asterisk

import (
	"context"
	"errors"

	"recgate/ami"
)

// connection is how a PBX is reached: an ami.Pool. Run tells of ups, downs and
// events from one goroutine. Renew makes it log in again, unless a caller waits
// for an answer, and reports whether it does.
type connection interface {
	Run(ctx context.Context, tell func(ami.Signal)) error
	State() (up bool, lastErr error)
	Stats() ami.Stats
	Renew() bool
}

// asker answers actions: the same ami.Pool. Its errors come from ami.Client,
// and Mark does what ami.Client.Mark does.
type asker interface {
	Do(ctx context.Context, a ami.Action) (ami.Message, error)
	List(ctx context.Context, a ami.Action) ([]ami.Message, error)
	Mark(ctx context.Context) error
}

// server is the Asterisk server as the present login may ask it.
type server struct {
	asker
	session *session
	denied  chan struct{} // room for one: an action was denied against the rights of the login
}

// do asks an action that the user should have the right to. If it is denied all
// the same, the rights have changed since the login, and another login is wanted.
func (s *server) do(ctx context.Context, a ami.Action) (ami.Message, error) {
	answer, err := s.Do(ctx, a)
	if isDenied(err) {
		s.wantLogin()
	}
	return answer, err
}

// wantLogin has the login renewed, because its rights are not enough any more.
func (s *server) wantLogin() {
	select {
	case s.denied <- struct{}{}:
	default: // it is wanted already
	}
}

// getvar reads a channel variable; "" when it is not set or may not be asked.
func (s *server) getvar(ctx context.Context, uniqueID, variable string) (string, error) {
	if !s.session.may("Getvar") {
		return "", nil
	}
	answer, err := s.do(ctx, ami.NewAction("Getvar", "Channel", uniqueID, "Variable", variable))
	if isDenied(err) {
		return "", nil
	}
	return answer.Get("Value"), err
}

// isDenied reports whether an action was refused for lack of a right.
func isDenied(err error) bool {
	var refused *ami.ResponseError
	return errors.As(err, &refused) && refused.Denied
}
