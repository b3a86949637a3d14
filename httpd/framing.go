package httpd

import "net/http"

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
