package httpd

import (
	"net/http"
	"strconv"
	"strings"
)

// acceptsJSON tells whether an Accept header names JSON with a weight above 0
// (RFC 9110, section 12.5.1).
func acceptsJSON(h http.Header) bool {
	for item := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		_, q, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		if strings.EqualFold(strings.TrimSpace(name), "application/json") && (err != nil || weight > 0) {
			return true
		}
	}
	return false
}
