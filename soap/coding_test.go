package soap_test

import (
	"net/http"
	"strings"
	"testing"
	"unicode"

	"recgate/soap"
)

// TestContentCoding: a body that says it is compressed is not read as if it
// were not, for whatever stands in front of us would read another one.
func TestContentCoding(t *testing.T) {
	stop := message(soap11, "<stop><extenOrUniqueId>410</extenOrUniqueId></stop>")
	for _, coding := range []string{"gzip", "deflate", "br", "x-gzip", "identity, gzip", "GZIP", "nonsense"} {
		e := newEndpoint(t, soap.Legacy{})
		w := e.post(stop, "Content-Encoding", coding)
		wantStatus(t, w, http.StatusInternalServerError)
		wantText(t, w, "soapenv:Client", "send it without a content encoding")
		w = e.do(http.MethodPost, soap.Path, "method=stop&extenOrUniqueId=410",
			"Content-Type", "application/x-www-form-urlencoded", "Content-Encoding", coding)
		wantStatus(t, w, http.StatusBadRequest)
		e.wantCalls(t)
	}
	e := newEndpoint(t, soap.Legacy{})
	wantStatus(t, e.post(stop, "Content-Encoding", "Identity"), http.StatusOK)
	e.wantCalls(t, "stop [410]")
}

// TestRefusalsArePrintable: a line of text that quotes the caller has nothing
// that a terminal obeys.
func TestRefusalsArePrintable(t *testing.T) {
	for _, value := range []string{"\u009b31m", "\x1b[31m", "\u202e", "\u0085", "\x7f", "\u2028", "a\r\nb"} {
		for _, query := range []string{
			"method=" + value + "&extenOrUniqueId=410", "method=stop&extenOrUniqueId=" + value, "method=stop&extenOrUniqueId=410&pbx=" + value,
			"method=start&extenOrUniqueId=410&tag=" + value, "method=stop&" + value + "=1", "method=retrieve&username=fred&tag=" + value,
		} {
			e := newEndpoint(t, soap.Legacy{})
			body := e.serve(requestWith(query + "&format=text")).Body.String()
			if strings.ContainsFunc(strings.TrimSuffix(body, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q is answered with %q", query, body)
			}
		}
	}
}
