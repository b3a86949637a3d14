package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"recgate/config"
)

// TestStrangersName: a page that had its own name point to loopback gets no
// recording and starts nothing, by any way in, and the access log says so. The
// names that we were given, and addresses, are as good as ever.
func TestStrangersName(t *testing.T) {
	t.Parallel()
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, 22, func(c *config.Config) {
		c.Hosts = []string{"crm.example"}
		c.PublicURL = "https://rec.example.org:8443"
	})
	o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	ask := func(method, body, host, origin string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, o.base+path+"?method=retrieve&tag=22&username=fred", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if r.Host = host; origin != "" {
			r.Header.Set("Origin", origin)
		}
		if body != "" {
			r.Header.Set("Content-Type", "text/xml")
		}
		got, err := o.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		return got.StatusCode
	}
	retrieve := envelope("http://schemas.xmlsoap.org/soap/envelope/", "retrieve", [][2]string{{"tag", "22"}, {"username", "fred"}})
	for _, tt := range []struct {
		host, origin string
		in           bool
	}{
		{"127.0.0.1:8080", "", true},
		{"localhost", "", true},
		{machine, "", true},
		{"crm.example:8080", "", true},
		{"rec.example.org", "http://crm.example", true},
		{"192.0.2.1", "", true},
		{"attacker.example", "", false},
		{"attacker.example:8080", "http://attacker.example:8080", false},
		{"127.0.0.1:8080", "http://attacker.example", false},
	} {
		was := len(o.accesses(t))
		get, post := ask(http.MethodGet, "", tt.host, tt.origin), ask(http.MethodPost, retrieve, tt.host, tt.origin)
		if want := map[bool]int{true: http.StatusConflict, false: http.StatusForbidden}[tt.in]; get != want || post != http.StatusInternalServerError {
			t.Errorf("%q from %q: GET %d, want %d, SOAP %d", tt.host, tt.origin, get, want, post)
		}
		lines := o.accesses(t)[:2]
		for _, line := range lines {
			if tt.in == strings.Contains(line.Outcome, "add ") {
				t.Errorf("%q from %q: the access log has %q", tt.host, tt.origin, line.Outcome)
			}
		}
		if now := len(o.accesses(t)); now != was+2 {
			t.Errorf("%q from %q: %d lines in the access log, want 2", tt.host, tt.origin, now-was)
		}
	}
	for open, want := range map[string]int{"/metrics": http.StatusForbidden, "/readyz": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.base+open, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "attacker.example"
		got, err := o.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got.Body.Close(); got.StatusCode != want {
			t.Errorf("%s: %d, want %d", open, got.StatusCode, want)
		}
	}
	o.key(t, o.settings(t), "add", "crm")
	await(t, "a key is asked for instead", func() bool { return ask(http.MethodGet, "", "attacker.example", "") == http.StatusUnauthorized })
}

func TestNamesOf(t *testing.T) {
	const table = "127.0.0.1 localhost\n127.0.1.1\tPBX.office.example pbx # the PBX\n# 192.0.2.1 pbx commented\n192.0.2.9 other\n127.0.0.1 ads.example\n192.0.2.7 rec pbx\n"
	for name, want := range map[string][]string{
		"pbx":                {"pbx", "pbx.local", "PBX.office.example", "rec"},
		"pbx.office.example": {"pbx.office.example", "pbx", "pbx.local", "PBX.office.example", "rec"},
		"third":              {"third", "third.local"},
	} {
		got := namesOf(name, []byte(table))
		slices.Sort(got)
		slices.Sort(want)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
