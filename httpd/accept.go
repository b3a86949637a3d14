package httpd

import (
	"net/http"
	"strconv"
	"strings"
)

// Accepted reads the Accept header: how much each media range in it, in lower
// case, is wanted, from 0 (not at all) to 1 (RFC 9110, section 12.5.1). Of a
// range that is repeated the greatest weight counts.
func Accepted(h http.Header) map[string]float64 {
	all := map[string]float64{}
	for item := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "*" { // as Java writes it
			name = "*/*"
		}
		if name != "" {
			all[name] = max(all[name], weight(params))
		}
	}
	return all
}

// weight reads q among the parameters of a range. One that cannot be read
// counts as none.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		if q, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
	}
	return 1
}
