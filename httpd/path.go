package httpd

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// refuseEscapes refuses paths with escapes of anything but letters, digits and
// -._~ (RFC 3986, section 6.2.2.2): no path of ours needs one, and %2F could get
// past a proxy that guards paths in front of us.
func (s *Server) refuseEscapes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, piece := range strings.Split(r.URL.EscapedPath(), "%")[1:] {
			c, err := hex.DecodeString(piece[:min(2, len(piece))])
			if err != nil || len(c) != 1 || !isUnreserved(c[0]) {
				s.notFound(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// simplePath removes repeated slashes and segments that are a single dot (RFC
// 3986, section 5.2.4). A path with .. or with an escaped dot is returned as it is,
// and finds no door.
func simplePath(u *url.URL) string {
	path := u.Path
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") || strings.Contains(strings.ToLower(u.RawPath), "%2e") {
		return path
	}
	var kept []string
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		switch {
		case segment == "..":
			return path
		case segment != "" && segment != ".":
			kept = append(kept, segment)
		case i == len(segments)-1: // a slash at its end stays one
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
