package httpd_test

import (
	"strings"
	"testing"

	"recgate/httpd"
)

// TestReadyAccept: readiness is JSON for those who want it, and text for all
// others.
func TestReadyAccept(t *testing.T) {
	s := httpd.New(httpd.Options{})
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "application/json": true, "Application/JSON; charset=utf-8": true, "text/plain, application/json;q=0.5": true,
		"application/json;q=0": false, "application/json; q=0.0, text/plain": false, "application/jsonx": false, "application/json, text/plain, */*": true,
	} {
		if _, body := askReady(s, accept); strings.HasPrefix(body, "{") != want {
			t.Errorf("%q: %s", accept, body)
		}
	}
}
