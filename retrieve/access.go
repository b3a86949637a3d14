package retrieve

import (
	"context"
	"log/slog"
	"strings"

	"recgate/recording"
)

// Refused writes the access-log line of a retrieval that a door refused
// itself, because it could not even be decoded.
func (r *Retriever) Refused(ctx context.Context, q recording.RetrieveRequest, method string, cause error) {
	_ = r.logAccess(ctx, q, method, "", cause) // it has logged its failure
}

func (r *Retriever) logAccess(ctx context.Context, q recording.RetrieveRequest, method string, id recording.ID, cause error) error {
	outcome := "ok"
	if cause != nil {
		outcome = recording.Message(cause)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Deadline)
	defer cancel()
	a := recording.Access{
		At: recording.Stamp(r.Now()), Method: method, Key: forLog(q.Key), Username: forLog(q.Actor.Username),
		Remote: q.Actor.Remote, APIKey: q.Actor.KeyName(), Recording: id, Outcome: forLog(outcome),
	}
	err := r.Rows.LogAccess(ctx, a)
	if err != nil {
		r.Log.ErrorContext(ctx, "access log not written", slog.String("method", method),
			slog.String("username", a.Username), slog.String("remote", a.Remote), slog.String("outcome", outcome), slog.Any("err", err))
	}
	return err
}

// forLog cuts what goes into the access log as it was sent.
func forLog(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > recording.MaxText {
		return string(r[:recording.MaxText])
	}
	return s
}
