package httpd

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// framed ends the connection after a request whose end something in front of
// us may have seen elsewhere. What it took for the rest of the body would be
// the next request here, in the name of whoever the connection belongs to.
//
// These are bodies in chunks, since net/http does not tell whether they had a
// Content-Length as well (RFC 9112, section 6.1, then demands the end of the
// connection), and bodies of HTTP/1.0, whose Transfer-Encoding net/http passes
// over without a word. A CONNECT is refused here for all doors: whatever
// follows a success would be a tunnel to those in front.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || r.ContentLength != 0 && !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		if r.Method == http.MethodConnect {
			w.Header().Set("Connection", "close")
			PlainRefusal(w, r, http.StatusMethodNotAllowed, "this is no proxy")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// spelt refuses paths with escapes that are more than another spelling of a
// letter, a digit or one of -._~ (RFC 3986, section 6.2.2.2): none of ours needs
// one, and %2F is a way past what guards paths in front of us.
func (s *Server) spelt(next http.Handler) http.Handler {
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

// simplePath joins slashes that stand side by side and drops segments that are a
// single dot (RFC 3986, section 5.2.4). One that climbs is left alone: none of
// ours does, and where it leads is a question of who asks. Escapes of dots are nobody's mistake.
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
