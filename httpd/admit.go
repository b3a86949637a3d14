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

// Refuse writes a refusal the way a door answers: with the status, unless the
// door always uses its own, and the message, one line in lower case that may be
// shown to the caller.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, message string)

// Middleware wraps a door.
type Middleware func(http.Handler) http.Handler

// PlainRefusal is a Refuse that answers one line of text.
func PlainRefusal(w http.ResponseWriter, r *http.Request, status int, message string) {
	writeLine(w, r, status, message)
}

// writeLine answers one line of text.
func writeLine(w http.ResponseWriter, _ *http.Request, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, message+"\n") // a caller who has gone needs no answer
}

// Allow lets in only callers from the networks; others get 403. The caller is the
// other end of the connection, or what a trusted proxy says (see Proxies).
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

// FindKey finds the key of a request and refuses nothing, for middleware between
// it and RequireKey: Limiter counts by keys.
func FindKey(ring Keyring) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			infoOf(r.Context()).findKey(ring, r, offeredKeys)
			next.ServeHTTP(w, r)
		})
	}
}

// RequireKey lets in only callers with a key: as apiKey= in the query or in a
// form, as the user or the password of HTTP Basic, or as a Bearer token. Others
// get 401. While no key is needed, everybody gets in; Actor says whose key it was.
func RequireKey(ring Keyring, refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v := infoOf(r.Context())
			v.findKey(ring, r, offeredKeys)
			if ring.Needed() {
				v.findKey(ring, r, keysInForm)
			}
			if v.ring == nil && ring.Needed() {
				w.Header().Set("WWW-Authenticate", `Basic realm="recgate", charset="UTF-8"`)
				refuse(w, r, http.StatusUnauthorized, "an API key is required: send it as ?apiKey=, HTTP Basic, or a Bearer token")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// offeredKeys lists what the request line and headers offer as keys.
func offeredKeys(r *http.Request) []string {
	all := keysInQuery(r.URL.RawQuery)
	if user, password, ok := r.BasicAuth(); ok {
		all = append(all, user, password)
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		all = append(all, token)
	}
	return trimAll(all)
}

// trimAll trims white space from each text, and drops empty texts.
func trimAll(texts []string) []string {
	for i := range texts {
		texts[i] = strings.TrimSpace(texts[i])
	}
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}

// keysInForm lists what a form offers as keys, in as much of it as doors read.
// The door can read the body again.
func keysInForm(r *http.Request) []string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Method != http.MethodPost || !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxRequest))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = errorReader{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), r.Body}
	return trimAll(keysInQuery(string(body)))
}

// errorReader fails, as the rest of a body that could not be read.
type errorReader struct{ err error }

func (f errorReader) Read([]byte) (int, error) { return 0, f.err }

// keysInQuery lists the values of apiKey, in any case, in a query or a form. It
// does not use url.Values, which drops arguments that contain a semicolon.
func keysInQuery(query string) []string {
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
