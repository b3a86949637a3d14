//go:build full

package operations_test

import (
	"net/http"
	"strings"
	"testing"
)

// keys: a key is made while recgate runs, works, and is revoked.
func keys(t *testing.T) {
	h := newHost(t)
	h.ready(t)
	out := h.run(t, "key-add")
	for _, want := range []string{"This is the key of crm, for start, stop.", `no live call on extension`, "crm   start,stop"} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
	refused := func(want int) func() bool {
		return func() bool { status, _ := h.ask(t, "stop", "extenOrUniqueId", "410"); return status == want }
	}
	h.await(t, "a key is needed", refused(http.StatusUnauthorized))
	if !strings.Contains(h.log(), "key=crm") {
		t.Errorf("the log does not name the key:\n%s", h.log())
	}
	h.run(t, "key-revoke")
	h.run(t, "key-forget")
	h.await(t, "no key is needed any more", refused(http.StatusNotFound))
}

// proxied: the caller is whom the proxy names.
func proxied(t *testing.T) {
	h := newHost(t)
	h.configure(t, "sqlite:/var/lib/recgate/recgate.db", h.block(t, "proxies"))
	h.ready(t)
	for caller, want := range map[string]int{"192.0.2.7": http.StatusNotFound, "192.0.2.7, 198.51.100.1": http.StatusForbidden, "": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			h.base()+"/servicemanager/services/njadmin-api-recording?method=stop&extenOrUniqueId=410", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Close = true
		if caller != "" {
			request.Header.Set("X-Forwarded-For", caller)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("%q: status %d, want %d", caller, answer.StatusCode, want)
		}
	}
}
