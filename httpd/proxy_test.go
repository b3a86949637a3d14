package httpd_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"recgate/httpd"
)

func networks(all ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, n := range all {
		list = append(list, netip.MustParsePrefix(n))
	}
	return list
}

// callerOf asks a server that trusts proxies, and returns who it takes the caller
// for and what its access log says.
func callerOf(p httpd.Proxies, peer string, header http.Header) (remote, log string) {
	j := &journal{}
	s := httpd.New(httpd.Options{Log: j.logger(), Proxies: p})
	s.Mount("/door", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { remote = httpd.Remote(r) }))
	r := httptest.NewRequest("GET", "/door", http.NoBody)
	r.RemoteAddr, r.Header = peer, header
	s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	return remote, j.String()
}

func TestCallerBehindProxies(t *testing.T) {
	trusted := networks("10.0.0.0/8", "2001:db8:f::/48", "127.0.0.1/32")
	const nobody = "an unknown address"
	for _, tt := range []struct {
		name, peer string
		xff, fwd   []string
		want       string
		wantFwd    string // with the header forwarded
	}{
		{"nobody between", "192.0.2.7:1", nil, nil, "192.0.2.7", "192.0.2.7"},
		{"a spoofed header", "192.0.2.7:1", []string{"10.0.0.9"}, []string{"for=10.0.0.9"}, "192.0.2.7", "192.0.2.7"},
		{"a proxy itself", "10.0.0.1:1", nil, nil, "10.0.0.1", "10.0.0.1"},
		{"one proxy", "10.0.0.1:1", []string{"192.0.2.7"}, []string{"for=192.0.2.7"}, "192.0.2.7", "192.0.2.7"},
		{"a proxy in IPv6 form", "[::ffff:10.0.0.1]:1", []string{"192.0.2.7"}, []string{"for=192.0.2.7;proto=http"}, "192.0.2.7", "192.0.2.7"},
		{"spoofed through the proxy", "10.0.0.1:1", []string{"127.0.0.1, 192.0.2.7"}, []string{"for=127.0.0.1, for=192.0.2.7"}, "192.0.2.7", "192.0.2.7"},
		{"spoofed as another line", "10.0.0.1:1", []string{"127.0.0.1", "192.0.2.7"}, []string{"for=127.0.0.1", "for=192.0.2.7"}, "192.0.2.7", "192.0.2.7"},
		{"two proxies", "10.0.0.1:1", []string{"127.0.0.1, 192.0.2.7, 10.0.0.2"}, []string{"for=127.0.0.1,for=192.0.2.7,for=10.0.0.2"}, "192.0.2.7", "192.0.2.7"},
		{"proxies alone", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, []string{"for=10.0.0.3, for=10.0.0.2"}, "10.0.0.3", "10.0.0.3"},
		{"with ports", "10.0.0.1:1", []string{"192.0.2.7:4711"}, []string{`for="192.0.2.7:4711"`}, "192.0.2.7", "192.0.2.7"},
		{"IPv6", "[2001:db8:f::1]:1", []string{"2001:db8::7"}, []string{`For="[2001:db8::7]:4711"`}, "2001:db8::7", "2001:db8::7"},
		{"IPv6 in brackets", "[2001:db8:f::1]:1", []string{"[2001:db8::7]"}, []string{`host=x;for="[2001:db8::7]"`}, "2001:db8::7", "2001:db8::7"},
		{"IPv4 in IPv6 form", "10.0.0.1:1", []string{"::ffff:192.0.2.7"}, []string{`for="[::ffff:192.0.2.7]"`}, "192.0.2.7", "192.0.2.7"},
		{"hidden", "10.0.0.1:1", []string{"unknown"}, []string{"for=_hidden"}, nobody, nobody},
		{"nonsense to the left", "10.0.0.1:1", []string{"<script>, 192.0.2.7"}, []string{`for="<script>", for=192.0.2.7`}, "192.0.2.7", "192.0.2.7"},
		{"nonsense behind a proxy", "10.0.0.1:1", []string{"nonsense, 10.0.0.2"}, []string{"for=nonsense, for=10.0.0.2"}, nobody, nobody},
		{"an empty hop", "10.0.0.1:1", []string{"192.0.2.7,"}, []string{"for=192.0.2.7, "}, nobody, nobody},
		{"no for", "10.0.0.1:1", []string{"x"}, []string{"by=10.0.0.1"}, nobody, nobody},
		{"for twice", "10.0.0.1:1", []string{"x"}, []string{"for=192.0.2.7;for=127.0.0.1"}, nobody, nobody},
		{"a quote that swallows", "10.0.0.1:1", []string{"x"}, []string{`for=127.0.0.1;x="`, "for=192.0.2.7"}, nobody, nobody},
		{"a quote that swallows quotes", "10.0.0.1:1", []string{"x"}, []string{`for=127.0.0.1;x="`, `for="[2001:db8::7]"`}, nobody, nobody},
		{"an escape that swallows", "10.0.0.1:1", []string{"x"}, []string{`for=127.0.0.1;x="\`, `for="[2001:db8::7]"`}, nobody, nobody},
		{"a quoted comma", "10.0.0.1:1", []string{"x"}, []string{`for=127.0.0.1;x=",", for=192.0.2.7`}, nobody, "192.0.2.7"},
		{"the other header", "10.0.0.1:1", nil, []string{"for=192.0.2.7"}, "10.0.0.1", "192.0.2.7"},
		{"a hundred hops", "10.0.0.1:1", []string{strings.Repeat("10.0.0.2,", 100) + "10.0.0.3"}, []string{strings.Repeat("for=10.0.0.2,", 100) + "for=10.0.0.3"}, nobody, nobody},
		{"a zone", "10.0.0.1:1", []string{"fe80::1%eth0"}, []string{`for="[fe80::1%eth0]"`}, "fe80::1", "fe80::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{"X-Forwarded-For": tt.xff, "Forwarded": tt.fwd, "X-Real-Ip": {"127.0.0.1"}}
			for name, want := range map[string]string{httpd.XForwardedFor: tt.want, httpd.Forwarded: tt.wantFwd, "": tt.want} {
				got, log := callerOf(httpd.Proxies{Trusted: trusted, Header: name}, tt.peer, header)
				if got != want || !strings.Contains(log, `"remote":"`+want+`"`) {
					t.Errorf("%s: %q, want %q; the log has %s", name, got, want, log)
				}
				told := got != httpd.Remote(&http.Request{RemoteAddr: strings.Replace(tt.peer, "::ffff:", "", 1)})
				if told != strings.Contains(log, `"via":`) {
					t.Errorf("%s: the log says of the proxy: %s", name, log)
				}
			}
			if got, _ := callerOf(httpd.Proxies{}, tt.peer, header); strings.TrimPrefix(got, "::ffff:") != strings.TrimPrefix(httpd.Remote(&http.Request{RemoteAddr: tt.peer}), "::ffff:") {
				t.Errorf("trusting nobody: %q", got)
			}
		})
	}
}

// TestAllowAsksForTheCaller: neither a spoofed header nor a proxy's own
// address opens a door.
func TestAllowAsksForTheCaller(t *testing.T) {
	s := httpd.New(httpd.Options{
		Proxies: httpd.Proxies{Trusted: networks("127.0.0.1/32")},
		Health:  networks("192.0.2.0/24"),
	})
	s.Mount("/door", httpd.Allow(networks("127.0.0.0/8", "192.0.2.0/24", "0.0.0.0/0", "::/0"), fault)(inside))
	for _, tt := range []struct {
		path, peer, xff string
		status          int
		body            string
	}{
		{"/door", "127.0.0.1:1", "192.0.2.7", 200, "in 0 <nil>"},
		{"/door", "127.0.0.1:1", "unknown", 403, "<fault>calls from an unknown address are not allowed here</fault>"},
		{"/healthz", "127.0.0.1:1", "192.0.2.7", 200, "ok\n"},
		{"/healthz", "127.0.0.1:1", "192.0.2.7, 192.0.3.8", 403, "calls from 192.0.3.8 are not allowed here\n"},
		{"/healthz", "192.0.3.8:1", "192.0.2.7", 403, "calls from 192.0.3.8 are not allowed here\n"},
		{"/readyz", "192.0.3.8:1", "", 403, "calls from 192.0.3.8 are not allowed here\n"},
		{"/healthz", "127.0.0.1:1", "", 403, "calls from 127.0.0.1 are not allowed here\n"},
	} {
		r := httptest.NewRequest("GET", tt.path, http.NoBody)
		r.RemoteAddr = tt.peer
		if tt.xff != "" {
			r.Header.Set("X-Forwarded-For", tt.xff)
		}
		if status, body, _ := ask(s.Handler(), r); status != tt.status || body != tt.body {
			t.Errorf("%+v: %d %q", tt, status, body)
		}
	}
}

// FuzzForwarded: whatever a caller sends ahead of what the proxy adds, the
// caller that is found is the one that the proxy named, or nobody.
func FuzzForwarded(f *testing.F) {
	f.Add("for=127.0.0.1", false)
	f.Add(`for=127.0.0.1;x="`, true)
	f.Add(`for="[::1]";x="\`, true)
	f.Add(`,;"",="\"`, false)
	f.Fuzz(func(t *testing.T, sent string, quoted bool) {
		added := "for=192.0.2.7"
		if quoted {
			added = `for="192.0.2.7:80";proto=https`
		}
		p := httpd.Proxies{Trusted: networks("10.0.0.0/8")}
		for name, values := range map[string][]string{
			httpd.Forwarded:     {sent + "," + added, sent + ", " + added},
			httpd.XForwardedFor: {sent + ",192.0.2.7", sent + ", 192.0.2.7"},
		} {
			for _, v := range values {
				p.Header = name
				h := http.Header{"Forwarded": {v}, "X-Forwarded-For": {v}}
				if got, _ := callerOf(p, "10.0.0.1:1", h); got != "192.0.2.7" && got != "an unknown address" {
					t.Errorf("%s %q: the caller is %q", name, v, got)
				}
			}
		}
	})
}
