package httpd_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"recgate/httpd"
)

// FuzzKeys: whoever gets in has sent a key, whole, in one of the places for it;
// and one who sends it is let in, whatever else is in the request.
func FuzzKeys(f *testing.F) {
	f.Add("apiKey=first", "")
	f.Add("method=start;x&apiKey=s%26c&tag=%zz", "Basic "+base64.StdEncoding.EncodeToString([]byte("first:x")))
	f.Add("apikey=first&apiKey", "Bearer  first")
	f.Add("apiKey=%66irst", "bearer")
	const key = "first"
	door := httpd.RequireKey(ring{key}, fault)(inside)
	f.Fuzz(func(t *testing.T, query, authorization string) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{}, Body: http.NoBody}
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		in := w.Code == http.StatusOK
		if in && !mayHold(query, key) && !mayHold(authorization, key) && !holdsBasic(authorization, key) {
			t.Errorf("%q with %q is let in", query, authorization)
		}
		if !in && w.Code != http.StatusUnauthorized {
			t.Errorf("status %d", w.Code)
		}
		r.URL.RawQuery = query + "&apiKey=" + url.QueryEscape(key)
		w = httptest.NewRecorder()
		if door.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Errorf("%q is refused: %d", r.URL.RawQuery, w.Code)
		}
	})
}

// mayHold reports whether a text holds the key, be it with escapes.
func mayHold(text, key string) bool {
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := url.PathUnescape(text[i : i+3]); err == nil {
				plain.WriteString(c)
				i += 2
				continue
			}
		}
		plain.WriteByte(text[i])
	}
	return strings.Contains(plain.String(), key)
}

func holdsBasic(authorization, key string) bool {
	_, coded, _ := strings.Cut(authorization, " ")
	plain, err := base64.StdEncoding.DecodeString(coded)
	return err == nil && strings.Contains(string(plain), key)
}
