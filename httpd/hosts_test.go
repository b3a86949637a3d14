package httpd_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"recgate/httpd"
)

// TestHosts: a door is called by an address or by a name that we were given,
// and by no page of a stranger.
func TestHosts(t *testing.T) {
	named := httpd.Hosts{Names: []string{"rec.example.org", "Pbx"}}
	for _, tt := range []struct {
		host, origin string
		in           bool
	}{
		{"127.0.0.1:8080", "", true},
		{"127.0.0.1", "", true},
		{"[::1]:8080", "", true},
		{"[::1]", "", true},
		{"[fe80::1%25eth0]:8080", "", true},
		{"192.0.2.7:8080", "", true}, // behind port forwarding no address of ours
		{"", "", true},               // HTTP/1.0
		{"localhost:8080", "", true},
		{"LOCALHOST", "", true},
		{"localhost.:8080", "", true},
		{"crm.localhost", "", true},
		{"rec.example.org", "", true},
		{"REC.example.org.:443", "", true},
		{"pbx:8080", "", true},
		{"attacker.example", "", false},
		{"attacker.example:8080", "", false},
		{"attacker", "", false},
		{"rec.example.org.attacker.example", "", false},
		{"attacker.example/rec.example.org", "", false},
		{"127.0.0.1.attacker.example", "", false},
		{"localhost.attacker.example", "", false},
		{"notlocalhost", "", false},
		{"127.0.0.1@attacker.example", "", false},
		{"127.0.0.1:80:attacker.example", "", false},
		{"]", "", false},
		{"*", "", false},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", true},
		{"127.0.0.1:8080", "http://localhost", true},
		{"192.0.2.7:8080", "http://192.0.2.7", true}, // another program of the same machine
		{"192.0.2.7:8080", "https://REC.example.org:8443", true},
		{"192.0.2.7:8080", "http://198.51.100.1", false},
		{"192.0.2.7:8080", "http://localhost", false},
		{"127.0.0.1:8080", "http://attacker.example", false},
		{"127.0.0.1:8080", "http://127.0.0.1.attacker.example", false},
		{"127.0.0.1:8080", "null", false},
		{"127.0.0.1:8080", "", true},
		{"", "http://attacker.example", false},
		{"127.0.0.1", "file://", false},
		{"127.0.0.1", "://", false},
		{"attacker.example", "http://attacker.example", false},
	} {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		if r.Host = tt.host; tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		r.Header.Set("X-Forwarded-Host", "localhost") // of nobody whom we trust
		status, body, _ := ask(named.Restrict(fault)(inside), r)
		if tt.in != (status == 200) || !tt.in && (status != 403 || !strings.Contains(body, "setting hosts")) {
			t.Errorf("host %q origin %q: %d %s", tt.host, tt.origin, status, body)
		}
	}
}

// TestHostsOfNoInterest: where a browser cannot be led astray, any name will
// do. A page of a stranger still may not call.
func TestHostsOfNoInterest(t *testing.T) {
	key := false
	guarded := httpd.Hosts{KeyNeeded: func() bool { return key }}
	for _, tt := range []struct {
		name    string
		hosts   httpd.Hosts
		key     bool
		tls     *tls.ConnectionState
		host    int
		foreign int
	}{
		{"nothing else", guarded, false, nil, 403, 403},
		{"a key is needed", guarded, true, nil, 200, 403},
		{"TLS", guarded, false, &tls.ConnectionState{}, 200, 403},
		{"any host", httpd.Hosts{Names: []string{httpd.AnyHost}}, false, nil, 200, 200},
	} {
		for origin, want := range map[string]int{"": tt.host, "http://attacker.example": tt.foreign} {
			r := httptest.NewRequest("GET", "/", http.NoBody)
			r.Host, r.TLS, key = "recorder.example", tt.tls, tt.key
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			if status, body, _ := ask(tt.hosts.Restrict(fault)(inside), r); status != want {
				t.Errorf("%s, origin %q: %d %s, want %d", tt.name, origin, status, body, want)
			}
		}
	}
}

// TestHostsOfProxies: what a trusted proxy says of the name counts beside the
// one that it used itself, and nothing counts that others say.
func TestHostsOfProxies(t *testing.T) {
	for _, tt := range []struct {
		name, peer, host, xfh, forwarded string
		in                               bool
		inForwarded                      bool
	}{
		{"the name of an upstream", "10.0.0.1:1", "recgate", "", "", true, true},
		{"which others may not use", "192.0.2.7:1", "recgate", "", "", false, false},
		{"a good name", "10.0.0.1:1", "recgate", "rec.example.org", "for=x;host=rec.example.org", true, true},
		{"the name is passed on", "10.0.0.1:1", "rec.example.org", "", "", true, true},
		{"a stranger's is passed on", "10.0.0.1:1", "attacker.example", "", "", false, false},
		{"beside a good one", "10.0.0.1:1", "attacker.example", "rec.example.org", "host=rec.example.org", false, false},
		{"a stranger's name", "10.0.0.1:1", "127.0.0.1", "attacker.example", "for=x;host=attacker.example", false, false},
		{"without a dot", "10.0.0.1:1", "127.0.0.1", "attacker", "host=attacker", false, false},
		{"one of several", "10.0.0.1:1", "127.0.0.1", "rec.example.org, attacker.example", "host=rec.example.org, host=\"attacker.example:80\"", false, false},
		{"a quote that swallows", "10.0.0.1:1", "127.0.0.1", "\"", "x=\", host=attacker.example", false, false},
		{"said by nobody whom we trust", "192.0.2.7:1", "127.0.0.1", "attacker.example", "host=attacker.example", true, true},
		{"the same, the other way round", "192.0.2.7:1", "attacker.example", "127.0.0.1", "host=127.0.0.1", false, false},
	} {
		for header, want := range map[string]bool{httpd.XForwardedFor: tt.in, httpd.Forwarded: tt.inForwarded} {
			s := httpd.New(httpd.Options{Proxies: httpd.Proxies{Trusted: networks("10.0.0.0/8"), Header: header}})
			s.Mount("/door", httpd.Hosts{Names: []string{"rec.example.org"}}.Restrict(fault)(inside))
			r := httptest.NewRequest("GET", "/door", http.NoBody)
			r.RemoteAddr, r.Host = tt.peer, tt.host
			if header == httpd.Forwarded {
				r.Header.Set("Forwarded", tt.forwarded)
			} else {
				r.Header.Set("X-Forwarded-Host", tt.xfh)
			}
			if status, body, _ := ask(s.Handler(), r); want != (status == 200) {
				t.Errorf("%s (%s): %d %s", tt.name, header, status, body)
			}
		}
	}
}

// FuzzHosts: no Host and no Origin that is let in is a name of a stranger for
// a browser, and a refusal stays one short line.
func FuzzHosts(f *testing.F) {
	f.Add("attacker.example:80", "http://attacker.example")
	f.Add("[::1]:80", "null")
	f.Add("localhost.", "http://[::1")
	f.Fuzz(func(t *testing.T, host, origin string) {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.Host = host
		r.Header.Set("Origin", origin)
		said := ""
		refuse := func(w http.ResponseWriter, _ *http.Request, status int, message string) {
			w.WriteHeader(status)
			said = message
		}
		status, _, _ := ask(httpd.Hosts{}.Restrict(refuse)(inside), r)
		if len(said) > 600 || strings.ContainsAny(said, "\r\n") {
			t.Errorf("the refusal is %q", said)
		}
		for _, name := range []string{host, origin} {
			if status == http.StatusOK && strings.HasSuffix(strings.ToLower(name), ".example") {
				t.Errorf("let in: %s", fmt.Sprintf("%q %q", host, origin))
			}
		}
	})
}
