package soap_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"recgate/soap"
)

// FuzzHeaders: whatever stands in the headers that are looked at, the WSDL
// and the faults stay well-formed, a page stays one, no header of the answer
// breaks, and one request is one call at most.
func FuzzHeaders(f *testing.F) {
	f.Add("pbx.example:8080", "text/plain", "text/xml; charset=utf-8", `""`)
	f.Add(`"><script>alert(1)</script>`, "audio/wav, text/html;q=0.1", "application/soap+xml;charset=\"utf-16\"", "urn:stop")
	f.Add("a\r\nX: 1", ",,;", "multipart/related; boundary=\"", "\x00")
	f.Add("]]>&amp;<!--", "text/xml;", "application/x-www-form-urlencoded", "'")
	f.Fuzz(func(t *testing.T, host, accept, contentType, action string) {
		e := newEndpoint(t, soap.Legacy{})
		ask := func(method, query, body string) (*httptest.ResponseRecorder, []string) {
			r := requestWith(query)
			if method == http.MethodPost {
				r = httptest.NewRequest(method, soap.Path+"?"+r.URL.RawQuery, strings.NewReader(body))
			}
			r.Host = host
			for name, value := range map[string]string{"Accept": accept, "Content-Type": contentType, "SOAPAction": action} {
				r.Header.Set(name, value)
			}
			w := e.serve(r)
			calls, _, _ := e.rec.takeCalls()
			checkHeader(t, w.Header(), host, accept, contentType, action)
			if strings.Contains(w.Header().Get("Content-Type"), "xml") {
				checkXML(t, w.Body.String())
			}
			return w, calls
		}
		if w, calls := ask(http.MethodGet, "wsdl", ""); w.Code != http.StatusOK || len(calls) > 0 {
			t.Errorf("?wsdl: %d, %q", w.Code, calls)
		}
		if w, _ := ask(http.MethodGet, "", ""); strings.Count(w.Body.String(), "<script") > 0 {
			t.Errorf("the page holds a script for the host %q", host)
		}
		if _, calls := ask(http.MethodGet, "method=stop&extenOrUniqueId=410", ""); len(calls) != 1 {
			t.Errorf("one call became %q", calls)
		}
		ask(http.MethodGet, "method=start", "")
		if _, calls := ask(http.MethodPost, "", message(soap11, "<stop><extenOrUniqueId>410</extenOrUniqueId></stop>")); len(calls) > 1 {
			t.Errorf("one message became %q", calls)
		}
	})
}

// checkHeader checks that no header of an answer holds what could end it, or
// repeats one of the request.
func checkHeader(t *testing.T, h http.Header, sent ...string) {
	t.Helper()
	for name, values := range h {
		for _, v := range values {
			if strings.ContainsFunc(v, unicode.IsControl) {
				t.Errorf("the answer's %s is %q", name, v)
			}
			for _, s := range sent {
				if len(s) > 40 && strings.Contains(v, s) {
					t.Errorf("the answer's %s repeats %q", name, s)
				}
			}
		}
	}
}
