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

// Hosts says under which names a door may be called, and which pages may call
// it. A page of a stranger can have its own name point to us (DNS rebinding):
// its browser then calls us with that name in Host, from an address that is
// allowed, and lets the page read the answer. So names that nobody gave us are
// refused. An address is not a name: nobody can have it point elsewhere, whichever
// way it takes through port forwarding or containers.
type Hosts struct {
	// Names are the names of this server, without a port, compared without regard
	// to case. localhost and what ends in .localhost are always among them.
	Names []string
	// KeyNeeded reports whether callers must show an API key: a page cannot know
	// one, so any name will do then. nil: they need none.
	KeyNeeded func() bool
}

// Hosts lets only requests in that were sent to one of the names, or to an
// address, and that no page of another origin sends (RFC 6454); others get 403.
// What trusted proxies say of the name that their caller used counts as well
// as their own. Without a Host header (HTTP/1.0) it was not a browser. Over TLS a
// browser has compared the name with our certificate.
func (h Hosts) Hosts(refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch host, ok := h.stranger(r); {
			case ok:
				refuse(w, r, http.StatusForbidden, fmt.Sprintf(
					"the host name %q is not allowed: use an IP address or localhost, or add the name to the setting hosts", cut(host, maxHost)))
			case !h.fromOwnPage(r):
				refuse(w, r, http.StatusForbidden, fmt.Sprintf(
					"calls from web pages of %q are not allowed: add their host name to the setting hosts", cut(r.Header.Get("Origin"), maxHost)))
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// stranger returns the name in a request that nobody gave us.
func (h Hosts) stranger(r *http.Request) (host string, found bool) {
	if slices.Contains(h.Names, AnyHost) || r.TLS != nil || h.KeyNeeded != nil && h.KeyNeeded() {
		return "", false
	}
	for i, host := range append([]string{r.Host}, visitOf(r.Context()).hosts...) {
		name := hostName(host)
		proxyOwn := i == 0 && visitOf(r.Context()).proxied && !strings.Contains(name, ".") // nginx sends the name of its upstream
		if host != "" && !proxyOwn && !isIP(name) && !h.has(name) {
			return host, true
		}
	}
	return "", false
}

// fromOwnPage reports whether a request is from no page, or from one of ours.
func (h Hosts) fromOwnPage(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 || slices.Contains(h.Names, AnyHost) {
		return true
	}
	u, err := url.Parse(origins[0])
	if err != nil || len(origins) > 1 || u.Hostname() == "" { // null is a page without an origin
		return false
	}
	page := hostName(u.Host)
	if slices.ContainsFunc(h.Names, func(n string) bool { return strings.EqualFold(n, page) }) {
		return true
	}
	return slices.ContainsFunc(append([]string{r.Host}, visitOf(r.Context()).hosts...), func(host string) bool {
		name := hostName(host)
		return name == page || isThisMachine(name) && isThisMachine(page)
	})
}

func (h Hosts) has(name string) bool {
	return isThisMachine(name) || slices.ContainsFunc(h.Names, func(n string) bool { return strings.EqualFold(n, name) })
}

// isThisMachine reports whether a name or an address is loopback whoever asks
// (RFC 6761, section 6.3).
func isThisMachine(name string) bool {
	a, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && plain(a).IsLoopback()
}

func isIP(name string) bool {
	a, err := netip.ParseAddr(name)
	return err == nil && !strings.Contains(a.Zone(), ".")
}

// hostName takes the port, the brackets and the final dot off a Host, and
// writes it in lower case.
func hostName(host string) string {
	name := withoutPort(host)
	if len(name) > 2 && name[0] == '[' && name[len(name)-1] == ']' {
		name = name[1 : len(name)-1]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// maxHost keeps messages readable when a header is enormous.
const maxHost = 100

// cut returns the first bytes of a text, at most so many.
func cut(s string, most int) string { return s[:min(len(s), most)] }
