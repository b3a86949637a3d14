package httpd

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"recgate/recording"
)

// requestInfo is what is known of the request that is being answered. Each request
// has its own, and only the goroutine of the request touches it.
type requestInfo struct {
	id     string
	caller netip.Addr // zero when it is unknown
	remote string     // the caller as messages name it
	via    string     // the proxy that named the caller, or ""
	key    string     // name of the good API key that was shown, or ""
	ring   Keyring    // that knows the key; nil: no good key was shown

	proxied bool     // a trusted proxy is at the other end of the connection
	hosts   []string // the names that it says it was called by
}

type requestInfoKey struct{}

func infoOf(ctx context.Context) *requestInfo {
	v, ok := ctx.Value(requestInfoKey{}).(*requestInfo)
	if !ok {
		return &requestInfo{}
	}
	return v
}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string { return infoOf(ctx).id }

// findKey looks for a good key among the texts that are offered, unless one was
// found before: then the request is not read again.
func (v *requestInfo) findKey(ring Keyring, r *http.Request, offered func(*http.Request) []string) {
	if v.ring != nil {
		return
	}
	if name, ok := ring.Find(offered(r)); ok {
		v.key, v.ring = name, ring
	}
}

// Actor returns who sent a request: the address, and what the keyring knows now
// of the key that RequireKey found. A door adds what else it learns, such as a
// username.
func Actor(r *http.Request) recording.Actor {
	var a recording.Actor
	if v := infoOf(r.Context()); v.ring != nil {
		a = v.ring.Actor(v.key)
	}
	a.Remote = Remote(r)
	return a
}

// Remote returns the address of the caller, without a port: the other end of the
// connection, or what a trusted proxy says (see Proxies).
func Remote(r *http.Request) string {
	if v := infoOf(r.Context()); v.remote != "" {
		return v.remote
	}
	return peer(r)
}

// caller returns the caller's address; the zero address is in no network.
func caller(r *http.Request) netip.Addr {
	if v := infoOf(r.Context()); v.remote != "" {
		return v.caller
	}
	return peerAddress(r)
}

// peer returns the other end of the connection without its port.
func peer(r *http.Request) string { return withoutPort(r.RemoteAddr) }

// withoutPort returns an address without its port, if it has one.
func withoutPort(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// peerAddress returns the address of the other end of the connection.
func peerAddress(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plainAddress(a.Addr())
}

// plainAddress returns IPv4 in IPv6 as IPv4, and drops the zone, so that equal
// addresses compare equal.
func plainAddress(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
