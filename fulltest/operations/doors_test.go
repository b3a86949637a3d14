//go:build full

package operations_test

import (
	"net/http"
	"strings"
	"testing"
)

// sceneKeys: a key is made while recgate runs, works, and is revoked.
func sceneKeys(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
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
	if out := h.run(t, "limits"); !strings.Contains(out, `recgate_http_turned_away_total{reason="key"}`) || !strings.Contains(out, "recgate_http_connections ") {
		t.Errorf("the metrics of the limits are:\n%s", out)
	}
	h.run(t, "key-revoke")
	h.run(t, "key-forget")
	h.await(t, "no key is needed any more", refused(http.StatusNotFound))
}

// sceneProxy: the caller is whom the proxy names.
func sceneProxy(t *testing.T) {
	h := newHost(t)
	h.configure(t, "sqlite:/var/lib/recgate/recgate.db", h.block(t, "proxies"))
	h.awaitReady(t)
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
		answer, err := (&http.Client{Timeout: patience}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("%q: status %d, want %d", caller, answer.StatusCode, want)
		}
	}
}

// sceneHosts: callers use the names that were given, and no other.
func sceneHosts(t *testing.T) {
	h := newHost(t)
	h.configure(t, "sqlite:/var/lib/recgate/recgate.db", h.block(t, "hosts"))
	h.awaitReady(t)
	for name, want := range map[string]int{
		"recorder.office.example": http.StatusNotFound, "recgate:8080": http.StatusNotFound, "attacker.example": http.StatusForbidden,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			h.base()+"/servicemanager/services/njadmin-api-recording?method=stop&extenOrUniqueId=410", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.Close = name, true
		answer, err := (&http.Client{Timeout: patience}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("%q: status %d, want %d", name, answer.StatusCode, want)
		}
	}
}

// sceneCertificate: a certificate is replaced while recgate runs, first by one that
// fits, then by one that does not.
func sceneCertificate(t *testing.T) {
	h := newHost(t)
	h.run(t, "tls-try")
	h.configure(t, "sqlite:/var/lib/recgate/recgate.db", h.block(t, "tls"))
	if err := h.start(); err != nil {
		t.Fatal(err)
	}
	ask := h.translate("curl -fsS --cacert /etc/recgate/cert.pem https://127.0.0.1:8080/readyz")
	h.await(t, "recgate is ready over TLS", func() bool { _, err := h.shell(t, ask); return err == nil })
	h.run(t, "tls-try")
	h.await(t, "the new certificate is shown", func() bool {
		out, err := h.try(t, "tls-reload")
		return err == nil && strings.Contains(out, "recgate_tls_certificate_fresh 1") && strings.Contains(out, "ready")
	})
	if out, err := h.shell(t, h.translate("cp /etc/recgate/cert.pem good.pem; echo > /etc/recgate/cert.pem; systemctl reload recgate")); err != nil {
		t.Fatal(out, err)
	}
	h.await(t, "the log tells of it", func() bool { return strings.Contains(h.log(), "certificate not loaded, the old one stays in use") })
	out, err := h.shell(t, h.translate("curl -fsS --cacert good.pem https://127.0.0.1:8080/metrics"))
	if err != nil || !strings.Contains(out, "recgate_tls_certificate_fresh 0") {
		t.Errorf("with files that do not fit: %v\n%s", err, out)
	}
}
