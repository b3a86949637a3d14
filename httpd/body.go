package httpd

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"recgate/recording"
)

// ReadBody reads the body, at most so many bytes. A body with a content encoding
// is refused: whatever inspects requests in front of us would not see its text.
// Next to an error it returns what it could read.
func ReadBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	coding := strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ","))
	if coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, recording.Errorf(recording.Invalid, "the body is said to be %q: send it without a content encoding", recording.Shorten(coding))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return body, recording.Errorf(recording.Invalid, "the request is longer than %d bytes", most)
	case err != nil:
		return body, recording.Errorf(recording.Invalid, "the request ended before it was complete")
	}
	return body, nil
}
