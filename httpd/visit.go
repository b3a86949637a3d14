package httpd

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"recgate/recording"
)

// visit is what is known of the request that is being answered. One is made
// per request, and only the goroutine of the request touches it.
type visit struct {
	id     string
	caller netip.Addr // zero when nobody can tell
	remote string     // the caller as texts name it
	via    string     // the proxy that told of the caller, or ""
	key    string     // name of the API key that was shown and is good, or ""
	ring   Keyring    // that knows the key; nil: none was shown

	proxied bool     // a trusted proxy is at the other end of the connection
	hosts   []string // under which names it says that it was called
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return &visit{}
	}
	return v
}

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string { return visitOf(ctx).id }

// find looks for a good key among the texts, unless one was found before.
func (v *visit) find(ring Keyring, texts []string) {
	if v.ring != nil {
		return
	}
	if name, ok := ring.Find(texts); ok {
		v.key, v.ring = name, ring
	}
}

// Actor returns who sent a request: the address, and what the keyring knows now
// of the key that Keys found. Whatever a door learns besides, such as a
// username, it adds.
func Actor(r *http.Request) recording.Actor {
	var a recording.Actor
	if v := visitOf(r.Context()); v.ring != nil {
		a = v.ring.Actor(v.key)
	}
	a.Remote = Remote(r)
	return a
}

// Remote returns the address of the caller, without a port: that of the
// connection, or what a trusted proxy says (see Proxies).
func Remote(r *http.Request) string {
	if v := visitOf(r.Context()); v.remote != "" {
		return v.remote
	}
	return peer(r)
}

// caller returns the same as an address; the zero one belongs to no network.
func caller(r *http.Request) netip.Addr {
	if v := visitOf(r.Context()); v.remote != "" {
		return v.caller
	}
	return peerAddress(r)
}

// peer returns the other end of the connection without its port.
func peer(r *http.Request) string { return withoutPort(r.RemoteAddr) }

// withoutPort returns the host of an address, or the whole text where it has no
// port.
func withoutPort(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// peerAddress returns the same as an address: IPv4 as such, without a zone.
func peerAddress(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(a.Addr())
}

// plain makes one address of all the ways to write it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
