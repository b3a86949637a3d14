package httpd

import (
	"net/http"
)

// closeIfAmbiguous closes the connection after a request whose end a proxy in
// front of us may have seen elsewhere. Otherwise what the proxy took for the rest
// of the body would be the next request here, in the name of the proxy's caller.
//
// Ambiguous are bodies in chunks, since net/http does not say whether they also
// had a Content-Length (RFC 9112, section 6.1, then requires closing the
// connection), and bodies of HTTP/1.0, whose Transfer-Encoding net/http ignores. A
// CONNECT is refused here for all doors: a proxy in front would take whatever
// follows a success for a tunnel.
func closeIfAmbiguous(next http.Handler) http.Handler {
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
