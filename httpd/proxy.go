package httpd

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers in which proxies name who called them.
const (
	XForwardedFor = "x-forwarded-for"
	Forwarded     = "forwarded" // RFC 7239
)

// Proxies says which proxies are trusted to name the caller. The zero value trusts
// none: the caller is the other end of the connection.
type Proxies struct {
	// Trusted are the networks of the proxies. What others send in the
	// headers means nothing at all.
	Trusted []netip.Prefix
	// Header is the one header that the proxies write, XForwardedFor when
	// empty. The other one is never read: a proxy that does not know it
	// passes on whatever its caller has put there.
	Header string
}

// maxHops limits how many proxies are followed back.
const maxHops = 32

// unknownCaller names a caller whose address a proxy did not give.
const unknownCaller = "an unknown address"

// findCaller returns who called: the last hop that is not a trusted proxy. Each
// proxy adds the address of its caller at the right, so everything to the left of
// the first untrusted address may be invented. via is the proxy that is connected
// to us. An entry that is not an address makes the caller unknown; an unknown
// caller is in no network.
func (p Proxies) findCaller(r *http.Request) (caller netip.Addr, remote, via string) {
	caller, remote = peerAddress(r), peer(r)
	if !p.trusts(caller) {
		return caller, remote, ""
	}
	hops := p.hops(r.Header)
	if len(hops) == 0 { // the proxy itself is the caller
		return caller, remote, ""
	}
	via = remote
	for i, entry := range slices.Backward(hops) {
		var ok bool
		if caller, ok = parseHop(entry); !ok || len(hops)-i > maxHops {
			return netip.Addr{}, unknownCaller, via
		}
		if !p.trusts(caller) {
			break
		}
	}
	return caller, caller.String(), via
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p.Trusted, func(n netip.Prefix) bool { return n.Contains(a) })
}

// hops lists the hops that the header names, the nearest one last.
func (p Proxies) hops(h http.Header) []string {
	if p.Header == Forwarded {
		return forwardedFor(h.Values("Forwarded"))
	}
	all := strings.Join(h.Values("X-Forwarded-For"), ",")
	if all == "" {
		return nil
	}
	return strings.Split(all, ",")
}

// hosts lists the names that the callers of the proxies used, from the header that
// belongs to Header.
func (p Proxies) hosts(h http.Header) []string {
	if p.Header == Forwarded {
		return forwardedHosts(h.Values("Forwarded"))
	}
	var all []string
	for _, host := range strings.Split(strings.Join(h.Values("X-Forwarded-Host"), ","), ",") {
		if host = strings.TrimSpace(host); host != "" {
			all = append(all, host)
		}
	}
	return all
}

// parseHop reads an address, with or without a port or brackets.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddrPort(s); err == nil {
		return plainAddress(a.Addr()), true
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	a, err := netip.ParseAddr(s)
	return plainAddress(a), err == nil
}

// forwardedFor returns the "for" of each element of Forwarded (RFC 7239, section
// 4), "" for an element that has none. A comma or semicolon inside quotes does not
// separate. A quote that is never closed makes the last element unreadable: a
// caller may have sent it to hide what the proxy added.
func forwardedFor(values []string) []string {
	var all []string
	element, found := "", false
	for text := strings.Join(values, ","); text != ""; {
		pair, mark, rest := cutPair(text)
		text = rest
		if mark == '"' {
			return append(all, "")
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			if found { // twice in one element: nobody knows which is meant
				value = ""
			}
			element, found = unquote(strings.TrimSpace(value)), true
		}
		if mark == ',' || text == "" {
			all = append(all, element)
			element, found = "", false
		}
	}
	return all
}

// forwardedHosts returns each "host" of Forwarded. What follows a quote that is
// never closed is returned as a host, which is unknown.
func forwardedHosts(values []string) []string {
	var all []string
	for text := strings.Join(values, ","); text != ""; {
		pair, mark, rest := cutPair(text)
		text = rest
		if mark == '"' {
			return append(all, pair)
		}
		if name, value, _ := strings.Cut(pair, "="); strings.EqualFold(strings.TrimSpace(name), "host") {
			all = append(all, unquote(strings.TrimSpace(value)))
		}
	}
	return all
}

// cutPair cuts text at its first comma or semicolon outside quotes, and returns
// that as mark: 0 when there is none, a quote when a quote was never closed.
func cutPair(text string) (pair string, mark byte, rest string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case (c == ',' || c == ';') && !quoted:
			return text[:i], c, text[i+1:]
		}
	}
	if quoted {
		return text, '"', ""
	}
	return text, 0, ""
}

// unquote removes the quotes of a quoted text. It leaves escapes alone: addresses
// need none, so one with a backslash is refused later.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// noteCaller notes who called, before anything else asks.
func (p Proxies) noteCaller(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := infoOf(r.Context())
		v.caller, v.remote, v.via = p.findCaller(r)
		if v.proxied = p.trusts(peerAddress(r)); v.proxied {
			v.hosts = p.hosts(r.Header)
		}
		next.ServeHTTP(w, r)
	})
}
