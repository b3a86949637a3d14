package httpd_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"recgate/httpd"
	"recgate/recording"
)

// inside is a door that says what it read.
var inside = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "in %d %v", len(body), err)
})

// fault is a refusal in the manner of some door.
func fault(w http.ResponseWriter, _ *http.Request, status int, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<fault>%s</fault>", message)
}

func ask(door http.Handler, r *http.Request) (int, string, http.Header) {
	rec := httptest.NewRecorder()
	door.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String(), rec.Header()
}

func TestAllow(t *testing.T) {
	nets := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fe80::/10")}
	door := httpd.Allow(nets, fault)(inside)
	for remote, want := range map[string]string{
		"192.0.2.7:1":          "in 0 <nil>",
		"[::ffff:192.0.2.7]:1": "in 0 <nil>",
		"[::1]:1":              "in 0 <nil>",
		"[fe80::1%eth0]:1":     "in 0 <nil>",
		"192.0.3.7:1":          "<fault>calls from 192.0.3.7 are not allowed here</fault>",
		"[::2]:1":              "<fault>calls from ::2 are not allowed here</fault>",
		"nonsense":             "<fault>calls from nonsense are not allowed here</fault>",
		"":                     "<fault>calls from  are not allowed here</fault>",
	} {
		r := httptest.NewRequest("GET", "/", http.NoBody)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		status, body, _ := ask(door, r)
		if refused := strings.HasPrefix(want, "<"); body != want || refused != (status == http.StatusForbidden) {
			t.Errorf("%q: %d %q, want %q", remote, status, body, want)
		}
	}
	if status, _, _ := ask(httpd.Allow(nil, fault)(inside), httptest.NewRequest("GET", "/", http.NoBody)); status != 403 {
		t.Errorf("an empty list lets in: %d", status)
	}
}

// ring is a Keyring whose keys are their own names.
type ring []string

func (r ring) Needed() bool { return len(r) > 0 }

func (r ring) Find(texts []string) (name string, ok bool) {
	i := slices.IndexFunc(texts, func(text string) bool { return slices.Contains(r, text) })
	if i < 0 {
		return "", false
	}
	return texts[i], true
}

func (r ring) Actor(name string) recording.Actor {
	return recording.Actor{Kind: recording.KeyHolder, Name: name}
}

func TestKeys(t *testing.T) {
	door := httpd.RequireKey(ring{"first", "s&c;r=t ü"}, fault)(inside)
	for _, tt := range []struct {
		name, query, authorization string
		user, password             string
		form, media                string
		in                         bool
	}{
		{name: "nothing"},
		{name: "a key", query: "apiKey=first", in: true},
		{name: "among others", query: "method=start;x&apiKey=first&tag=a%zz", in: true},
		{name: "the second key, escaped", query: "apiKey=s%26c;r=t+%C3%BC", in: true},
		{name: "a wrong one and a right one", query: "apiKey=x&apiKey=first", in: true},
		{name: "a wrong key", query: "apiKey=firs"},
		{name: "a longer key", query: "apiKey=firstx"},
		{name: "an empty key", query: "apiKey="},
		{name: "another argument", query: "key=first"},
		{name: "in a tag", query: "tag=apiKey=first"},
		{name: "in lower case", query: "apikey=first", in: true},
		{name: "in upper case", query: "APIKEY=first", in: true},
		{name: "an escaped name", query: "api%4Bey=first", in: true},
		{name: "letters that fold to ASCII", query: "api%E2%84%AAey=first"},
		{name: "a blank behind it", query: "apiKey=first%20", in: true},
		{name: "blanks around it", query: "apiKey=+first%0D%0A", in: true},
		{name: "a blank inside", query: "apiKey=fir+st"},
		{name: "a password with a line end", user: "crm", password: "first\n", in: true},
		{name: "a token with blanks", authorization: "Bearer   first ", in: true},
		{name: "in a form", form: "method=start&apiKey=first", in: true},
		{name: "in a form, lower case and a line end", form: "apikey=first\r\n", in: true},
		{name: "in a long form", form: "tag=" + strings.Repeat("x", 60<<10) + "&apiKey=first", in: true},
		{name: "a wrong key in a form", form: "apiKey=second"},
		{name: "in something else", form: "apiKey=first", media: "text/xml"},
		{name: "a password", user: "crm", password: "first", in: true},
		{name: "a user", user: "first", in: true},
		{name: "a wrong password", user: "crm", password: "second"},
		{name: "a token", authorization: "Bearer first", in: true},
		{name: "a token, lower case", authorization: "bearer first", in: true},
		{name: "a wrong token", authorization: "Bearer second"},
		{name: "another scheme", authorization: "Digest first"},
		{name: "no scheme", authorization: "first"},
	} {
		r := httptest.NewRequest("GET", "/?"+tt.query, http.NoBody)
		if tt.user != "" {
			r.SetBasicAuth(tt.user, tt.password)
		}
		if tt.authorization != "" {
			r.Header.Set("Authorization", tt.authorization)
		}
		if tt.form != "" {
			r = httptest.NewRequest("POST", "/", strings.NewReader(tt.form))
			r.Header.Set("Content-Type", cmp.Or(tt.media, "Application/X-WWW-Form-Urlencoded; charset=utf-8"))
		}
		status, body, header := ask(door, r)
		if want := fmt.Sprintf("in %d <nil>", len(tt.form)); tt.in && body != want {
			t.Errorf("%s: the door read %q, want %q", tt.name, body, want)
		}
		if tt.in != (status == 200) {
			t.Errorf("%s: %d %q", tt.name, status, body)
		}
		if !tt.in && (status != 401 || !strings.HasPrefix(body, "<fault>an API key is required: send it as ?apiKey=, HTTP Basic, or a Bearer token") || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ")) {
			t.Errorf("%s is refused with %d %q %v", tt.name, status, body, header)
		}
	}
	if status, _, _ := ask(httpd.RequireKey(ring{}, fault)(inside), httptest.NewRequest("GET", "/", http.NoBody)); status != 200 {
		t.Errorf("without keys: %d", status)
	}
}

// TestKeyInABrokenForm: the door sees what was read, and then the error.
func TestKeyInABrokenForm(t *testing.T) {
	body := io.MultiReader(strings.NewReader("apiKey=first&tag="), iotest.ErrReader(io.ErrUnexpectedEOF))
	r := httptest.NewRequest("POST", "/", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, got, _ := ask(httpd.RequireKey(ring{"first"}, fault)(inside), r); status != 200 || got != "in 17 unexpected EOF" {
		t.Errorf("%d %q", status, got)
	}
}
