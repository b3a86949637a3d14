package httpd

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"recgate/recording"
)

// Refuse writes a refusal in the manner of the door that it is made for: the
// status, unless the door has one of its own, and the message, one line in
// lower case that may be shown to the caller.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, message string)

// Middleware wraps a door.
type Middleware func(http.Handler) http.Handler

// PlainRefusal is the Refuse of doors without a manner: one line of text.
func PlainRefusal(w http.ResponseWriter, r *http.Request, status int, message string) {
	line(w, r, status, message)
}

// line answers one line of text.
func line(w http.ResponseWriter, _ *http.Request, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, message+"\n") // a caller who has gone needs no answer
}

// Allow lets only callers from the networks in; others get 403. Who calls is
// what the connection says, unless a trusted proxy is at its other end.
func Allow(networks []netip.Prefix, refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			address := caller(r)
			in := func(p netip.Prefix) bool { return p.Contains(address) }
			if !slices.ContainsFunc(networks, in) {
				refuse(w, r, http.StatusForbidden, fmt.Sprintf("calls from %s are not allowed here", Remote(r)))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Keyring knows the API keys that are good. It may be asked by many at once.
type Keyring interface {
	// Needed reports whether a caller must show a key.
	Needed() bool
	// Find returns the name of a good key among the texts that were offered.
	Find(texts []string) (name string, ok bool)
	// Actor returns who shows the key of a name that Find returned, as it is
	// known now: the key may have been revoked since.
	Actor(name string) recording.Actor
}

// Known finds the key of a request and refuses nothing, for what stands
// between it and Keys: Limiter counts by keys.
func Known(ring Keyring) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			visitOf(r.Context()).find(ring, offered(r))
			next.ServeHTTP(w, r)
		})
	}
}

// Keys lets only callers with a key in: as apiKey= in the query or in a form,
// as the user or the password of HTTP Basic, or as a Bearer token. Others get
// 401. While none is needed everybody gets in; Actor tells whose key it was.
func Keys(ring Keyring, refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := visitOf(r.Context())
			v.find(ring, offered(r))
			if v.ring == nil && ring.Needed() {
				v.find(ring, offeredInForm(r))
			}
			if v.ring == nil && ring.Needed() {
				w.Header().Set("WWW-Authenticate", `Basic realm="recgate", charset="UTF-8"`)
				refuse(w, r, http.StatusUnauthorized, "a key is needed: give it as apiKey=, as user or password of HTTP Basic, or as Bearer token")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// offered lists what the head of a request offers as keys, without blanks
// around it and without empty ones.
func offered(r *http.Request) []string {
	all := offeredIn(r.URL.RawQuery)
	if user, password, ok := r.BasicAuth(); ok {
		all = append(all, user, password)
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		all = append(all, token)
	}
	return withoutBlanks(all)
}

// withoutBlanks drops what is blank around each text, and those that are empty.
func withoutBlanks(texts []string) []string {
	for i := range texts {
		texts[i] = strings.TrimSpace(texts[i])
	}
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// offeredInForm lists what a form offers as keys, in as much of it as doors
// read. What was read is there for the door again.
func offeredInForm(r *http.Request) []string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Method != http.MethodPost || !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxRequest))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failing{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return withoutBlanks(offeredIn(string(body)))
}

// failing is the rest of a body that could not be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// offeredIn lists the values of apiKey, in any case, in a query or a form. It
// is cut by hand: url.Values drops arguments that hold a semicolon.
func offeredIn(query string) []string {
	var all []string
	for arg := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(arg, "=")
		if name, err := url.QueryUnescape(name); err != nil || !SameName("apiKey", strings.TrimSpace(name)) {
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			all = append(all, plain)
		}
	}
	return all
}

// readOnly refuses methods that would change something.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			PlainRefusal(w, r, http.StatusMethodNotAllowed, "only GET and HEAD are allowed here")
			return
		}
		next.ServeHTTP(w, r)
	})
}
