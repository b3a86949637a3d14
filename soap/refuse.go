package soap

import (
	"net/http"

	"golang.org/x/time/rate"

	"recgate/httpd"
)

const (
	// maxRefused is how many bytes are read of the body of a request that is
	// refused: enough for any retrieval, and little even for thousands of them.
	maxRefused = 16 << 10
	// refusalsPerSecond is how many refused retrievals get a line in the access log
	// in the long run, and refusalsAtOnce in a burst: callers without any right must
	// not fill the database. The log has all of them.
	refusalsPerSecond = 50
	refusalsAtOnce    = 500
)

func newRefusals() *rate.Limiter { return rate.NewLimiter(refusalsPerSecond, refusalsAtOnce) }

// Refuse answers a request that access control in front of the endpoint refused, the
// way the endpoint answers: SOAP gets a fault with 500, a GET the fault envelope or
// one line of text with the given status (or 500, if the settings say so). A 401
// stays 401 for all of them. The request is read only to name a retrieval in the
// access log.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	err := httpd.Refusal(status, message)
	var x *exchange
	if r.Method == http.MethodPost {
		x, _ = h.readPost(w, r, maxRefused)
	} else {
		args, _ := httpd.ParseQuery(r.URL.RawQuery)
		x, _ = h.exchangeFromArguments(w, r, args, nil)
	}
	x.turnedAway = status
	if h.refusals.Allow() {
		x.noteRefusal(r.Context(), err)
	}
	x.fail(err)
}
