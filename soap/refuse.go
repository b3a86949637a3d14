package soap

import (
	"net/http"
	"time"

	"recgate/recording"
)

// codes gives the refusals of access control, which know a status alone, a
// code of the core.
var codes = map[int]recording.Code{
	http.StatusUnauthorized:       recording.Forbidden,
	http.StatusForbidden:          recording.Forbidden,
	http.StatusTooManyRequests:    recording.Conflict, // the caller's own doing
	http.StatusServiceUnavailable: recording.Unavailable,
}

// Refuse answers a request that access control in front of the endpoint did
// not let through, in the endpoint's own manner: SOAP gets a fault with 500,
// a GET the fault envelope or one line of text with the given status (or 500
// where the settings say so). Nothing of the request but its query is read.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	code, known := codes[status]
	if !known {
		code = recording.Invalid
	}
	err := recording.Errorf(code, "%s", message)
	media := mediaType(r.Header.Get("Content-Type"))
	isSOAP := r.Method == http.MethodPost && media != "application/x-www-form-urlencoded"
	args, _ := parseQuery(r.URL.RawQuery) // only the wish for a form of the answer matters here
	c, _ := decodeSimple(args)
	f, _ := formOf(c, r, h.o.Legacy.GetBody)
	c.shape.soap12 = isSOAP && media == mediaSOAP12
	x := &exchange{Handler: h, began: time.Now(), w: statusWriter{w, status, isSOAP || h.o.Legacy.ErrorStatus == Status500}, r: r, call: c, form: f, soap: isSOAP}
	x.fail(err)
}

// statusWriter sends the status of access control instead of that of the
// code, unless all errors of the endpoint have one status.
type statusWriter struct {
	http.ResponseWriter
	status int
	fixed  bool
}

func (s statusWriter) WriteHeader(status int) {
	if !s.fixed {
		status = s.status
	}
	s.ResponseWriter.WriteHeader(status)
}
