package httpd

import (
	"net/http"
	"strconv"
	"strings"
)

// ParseAccept reads the Accept header: the weight of each media range, in lower
// case, from 0 (not wanted) to 1 (RFC 9110, section 12.5.1). If a range is
// repeated, its greatest weight counts.
func ParseAccept(h http.Header) map[string]float64 {
	all := map[string]float64{}
	for item := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "*" { // as Java writes it
			name = "*/*"
		}
		if name != "" {
			all[name] = max(all[name], parseWeight(params))
		}
	}
	return all
}

// parseWeight reads q among the parameters of a range. A q that cannot be read is
// ignored.
func parseWeight(params string) float64 {
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
