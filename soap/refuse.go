package soap

import (
	"net/http"

	"golang.org/x/time/rate"

	"recgate/httpd"
)

const (
	// maxRefused is how much of the body is read of a request that is turned
	// away: enough for any retrieval, and little where thousands are.
	maxRefused = 16 << 10
	// refusalsPerSecond is how many retrievals that were turned away get a line
	// in the access log in the long run, and refusalsAtOnce in a burst: callers
	// without any right must not fill the database. The log has all of them.
	refusalsPerSecond = 50
	refusalsAtOnce    = 500
)

func newRefusals() *rate.Limiter { return rate.NewLimiter(refusalsPerSecond, refusalsAtOnce) }

// Refuse answers a request that access control in front of the endpoint did
// not let through, in the endpoint's own manner: SOAP gets a fault with 500, a
// GET the fault envelope or one line of text with the given status (or 500
// where the settings say so). A 401 is one for all of them. The request is
// read only to name a retrieval in the access log.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	err := httpd.Refusal(status, message)
	var x *exchange
	if r.Method == http.MethodPost {
		x, _ = h.post(w, r, maxRefused)
	} else {
		args, _ := httpd.ParseQuery(r.URL.RawQuery)
		x, _ = h.simple(w, r, args, nil)
	}
	x.turned = status
	if h.refusals.Allow() {
		x.refused(r.Context(), err)
	}
	x.fail(err)
}
