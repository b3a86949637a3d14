package httpd

import (
	"log/slog"
	"net/http"
	"strconv"

	"recgate/recording"
)

// statuses are for doors that answer a refusal with its own status.
var statuses = [recording.NumCodes]int{
	recording.Internal: 500, recording.Invalid: 400, recording.Forbidden: 403, recording.NotFound: 404,
	recording.Conflict: 409, recording.NotReady: 409, recording.Unavailable: 503,
}

// Status returns the HTTP status of an error.
func Status(err error) int { return statuses[recording.CodeOf(err)] }

// The outcomes of requests that have no error. CutOff is a retrieval whose caller
// left, or whose archive failed, in the middle of the audio.
const (
	OK     = "ok"
	CutOff = "cut_off"
)

var outcomes = [recording.NumCodes]string{
	recording.Internal: "internal", recording.Invalid: "invalid", recording.Forbidden: "forbidden",
	recording.NotFound: "not_found", recording.Conflict: "conflict", recording.NotReady: "not_ready",
	recording.Unavailable: "unavailable",
}

// Outcome names how a request ended, for metrics: OK for nil, else the code of its
// error.
func Outcome(err error) string {
	if err == nil {
		return OK
	}
	return outcomes[recording.CodeOf(err)]
}

// Outcomes returns every outcome.
func Outcomes() []string { return append(outcomes[:], OK, CutOff) }

// Level returns the level at which an error is logged: only some of them need
// an operator.
func Level(err error) slog.Level {
	switch recording.CodeOf(err) {
	case recording.Internal:
		return slog.LevelError
	case recording.Unavailable:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// refusals are the error codes for the statuses of access control.
var refusals = map[int]recording.Code{
	http.StatusUnauthorized:       recording.Forbidden,
	http.StatusForbidden:          recording.Forbidden,
	http.StatusTooManyRequests:    recording.Conflict, // the caller's own doing
	http.StatusServiceUnavailable: recording.Unavailable,
}

// Refusal returns the error for a request that access control turned away.
func Refusal(status int, message string) error {
	code, known := refusals[status]
	if !known {
		code = recording.Invalid
	}
	return &recording.Error{Code: code, Msg: message}
}

// SetHeaders sets the headers of every answer. Recordings are private, so nobody
// may store an answer.
func SetHeaders(w http.ResponseWriter, mediaType string, length int64) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}
