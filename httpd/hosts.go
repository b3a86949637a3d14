package httpd

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// AnyHost among the names switches the check of hosts off.
const AnyHost = "*"

// Hosts says by which names a door may be called, and which web pages may call
// it. A stranger's page can make its own name point to us (DNS rebinding): a
// browser then calls us with that name in Host, from an address that is allowed,
// and lets the page read the answer. So unknown names are refused. IP addresses
// are allowed: nobody can make one point elsewhere.
type Hosts struct {
	// Names are the names of this server, without a port, in any case. localhost
	// and names that end in .localhost are always allowed.
	Names []string
	// KeyNeeded reports whether callers must show an API key: a stranger's page does
	// not know one, so any name is allowed then. nil: they need none.
	KeyNeeded func() bool
}

// Restrict lets in only requests that were sent to one of the names, or to an IP
// address, and not by a web page of another origin (RFC 6454); others get 403. The
// name that a trusted proxy's caller used is checked too. A request without a Host
// header (HTTP/1.0) is not from a browser. Over TLS a browser has compared the name
// with our certificate.
func (h Hosts) Restrict(refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch host, ok := h.unknownName(r); {
			case ok:
				refuse(w, r, http.StatusForbidden, fmt.Sprintf(
					"the host name %q is not allowed: use an IP address or localhost, or add the name to the setting hosts", truncate(host, maxHost)))
			case !h.isFromOwnPage(r):
				refuse(w, r, http.StatusForbidden, fmt.Sprintf(
					"calls from web pages of %q are not allowed: add their host name to the setting hosts", truncate(r.Header.Get("Origin"), maxHost)))
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// unknownName returns the first name in a request that is not one of ours.
func (h Hosts) unknownName(r *http.Request) (host string, found bool) {
	if slices.Contains(h.Names, AnyHost) || r.TLS != nil || h.KeyNeeded != nil && h.KeyNeeded() {
		return "", false
	}
	for i, host := range append([]string{r.Host}, infoOf(r.Context()).hosts...) {
		name := plainHostName(host)
		proxyOwn := i == 0 && infoOf(r.Context()).proxied && !strings.Contains(name, ".") // nginx sends the name of its upstream
		if host != "" && !proxyOwn && !isIP(name) && !h.hasName(name) {
			return host, true
		}
	}
	return "", false
}

// isFromOwnPage reports whether a request is from no page, or from one of ours.
func (h Hosts) isFromOwnPage(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 || slices.Contains(h.Names, AnyHost) {
		return true
	}
	u, err := url.Parse(origins[0])
	if err != nil || len(origins) > 1 || u.Hostname() == "" { // null is a page without an origin
		return false
	}
	page := plainHostName(u.Host)
	if slices.ContainsFunc(h.Names, func(n string) bool { return strings.EqualFold(n, page) }) {
		return true
	}
	return slices.ContainsFunc(append([]string{r.Host}, infoOf(r.Context()).hosts...), func(host string) bool {
		name := plainHostName(host)
		return name == page || isThisMachine(name) && isThisMachine(page)
	})
}

func (h Hosts) hasName(name string) bool {
	return isThisMachine(name) || slices.ContainsFunc(h.Names, func(n string) bool { return strings.EqualFold(n, name) })
}

// isThisMachine reports whether a name or an address is always loopback (RFC 6761,
// section 6.3).
func isThisMachine(name string) bool {
	a, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && plainAddress(a).IsLoopback()
}

func isIP(name string) bool {
	a, err := netip.ParseAddr(name)
	return err == nil && !strings.Contains(a.Zone(), ".")
}

// plainHostName takes the port, the brackets and the final dot off a Host, and
// writes it in lower case.
func plainHostName(host string) string {
	name := withoutPort(host)
	if len(name) > 2 && name[0] == '[' && name[len(name)-1] == ']' {
		name = name[1 : len(name)-1]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// maxHost keeps messages readable when a header is enormous.
const maxHost = 100

// truncate returns the first bytes of a text, at most so many.
func truncate(s string, most int) string { return s[:min(len(s), most)] }
