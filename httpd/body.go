package httpd

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"recgate/recording"
)

// ReadBody reads the body as it came, of which most bytes are taken. One that says it is compressed is
// refused and not taken for plain text: whatever looks at requests in front of
// us would see another one.
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
