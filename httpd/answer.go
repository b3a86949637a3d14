package httpd

import (
	"log/slog"
	"net/http"
	"strconv"

	"recgate/recording"
)

// statuses are for doors that tell a refusal by its status.
var statuses = [recording.NumCodes]int{
	recording.Internal: 500, recording.Invalid: 400, recording.Forbidden: 403, recording.NotFound: 404,
	recording.Conflict: 409, recording.NotReady: 409, recording.Unavailable: 503,
}

// Status returns the HTTP status of an error.
func Status(err error) int { return statuses[recording.CodeOf(err)] }

// The outcomes of requests that no error names. CutOff is a retrieval whose
// caller left, or whose archive failed, in the middle of the audio.
const (
	OK     = "ok"
	CutOff = "cut_off"
)

var outcomes = [recording.NumCodes]string{
	recording.Internal: "internal", recording.Invalid: "invalid", recording.Forbidden: "forbidden",
	recording.NotFound: "not_found", recording.Conflict: "conflict", recording.NotReady: "not_ready",
	recording.Unavailable: "unavailable",
}

// Outcome names for the metrics how a request ended: OK for nil, else by the
// code of its error.
func Outcome(err error) string {
	if err == nil {
		return OK
	}
	return outcomes[recording.CodeOf(err)]
}

// Outcomes returns all outcomes that there are.
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

// refusals are the codes of what access control refuses by a status.
var refusals = map[int]recording.Code{
	http.StatusUnauthorized:       recording.Forbidden,
	http.StatusForbidden:          recording.Forbidden,
	http.StatusTooManyRequests:    recording.Conflict, // the caller's own doing
	http.StatusServiceUnavailable: recording.Unavailable,
}

// Refusal makes an error of a request that access control turned away.
func Refusal(status int, message string) error {
	code, known := refusals[status]
	if !known {
		code = recording.Invalid
	}
	return &recording.Error{Code: code, Msg: message}
}

// SetHeaders writes what all answers have. Recordings are private, so nobody
// may keep an answer.
func SetHeaders(w http.ResponseWriter, mediaType string, length int64) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}
