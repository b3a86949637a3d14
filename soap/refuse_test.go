package soap_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"recgate/soap"
)

func TestRefuse(t *testing.T) {
	const path = "http://pbx.example/servicemanager/services/njadmin-api-recording"
	for _, tt := range []struct {
		name, method, query, contentType string
		legacy                           soap.Legacy
		status                           int
		body                             string
	}{
		{"GET start", "GET", "?method=start&extenOrUniqueId=410", "", soap.Legacy{}, 403, "<faultstring>calls from 192.0.2.1 are not allowed here</faultstring>"},
		{"GET retrieve", "GET", "?method=retrieve&tag=22&username=fred", "", soap.Legacy{}, 403, "calls from 192.0.2.1 are not allowed here\n"},
		{"no method", "GET", "", "", soap.Legacy{}, 403, "<faultstring>"},
		{"one status for all", "GET", "?method=start", "", soap.Legacy{ErrorStatus: "500"}, 500, "<faultstring>"},
		{"SOAP", "POST", "", "text/xml", soap.Legacy{}, 500, "<faultstring>"},
		{"SOAP 1.2", "POST", "", "application/soap+xml", soap.Legacy{}, 500, "http://www.w3.org/2003/05/soap-envelope"},
		{"form", "POST", "?method=start", "application/x-www-form-urlencoded", soap.Legacy{}, 403, "<faultstring>"},
		{"bad escapes", "GET", "?method=%zz", "", soap.Legacy{}, 403, "<faultstring>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := soap.New(soap.Options{Recorder: &fakeRecorder{}, Legacy: tt.legacy})
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, path+tt.query, nil)
			r.Header.Set("Content-Type", tt.contentType)
			h.Refuse(w, r, http.StatusForbidden, "calls from 192.0.2.1 are not allowed here")
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
}

// TestRefuseUnauthorized: many clients send their password only after a 401,
// so it is one by every way in and whatever the settings say. The fault is its
// body.
func TestRefuseUnauthorized(t *testing.T) {
	const envelope = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">`
	for _, legacy := range []soap.Legacy{{}, {ErrorStatus: soap.Status500, SoapErrors: soap.ErrorsReturn}} {
		for _, tt := range []struct{ method, query, contentType, body, want string }{
			{"POST", "", "text/xml", message(soap11, "<start><extenOrUniqueId>410</extenOrUniqueId></start>"), "<faultstring>no key</faultstring>"},
			{"POST", "?method=start", "text/xml", "", "<faultstring>no key</faultstring>"},
			{"POST", "", "application/soap+xml", "<", "http://www.w3.org/2003/05/soap-envelope"},
			{"POST", "", "text/xml", envelope, "<faultstring>no key</faultstring>"},
			{"POST", "", "application/x-www-form-urlencoded", "method=start", "<faultstring>no key</faultstring>"},
			{"GET", "?method=start", "", "", "<faultstring>no key</faultstring>"},
			{"GET", "?method=retrieve", "", "", "no key\n"},
		} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, soap.Path+tt.query, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			soap.New(soap.Options{Recorder: &fakeRecorder{}, Legacy: legacy}).Refuse(w, r, http.StatusUnauthorized, "no key")
			if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%+v: %s %s %q: %d %s", legacy, tt.method, tt.contentType, tt.query, w.Code, w.Body)
			}
		}
	}
}

// TestRefusedRetrieval: a refused caller leaves a line in the access
// log when a retrieval was asked for, whatever the way in and the reason.
func TestRefusedRetrieval(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	retrieve := message(soap11, "<retrieve><tag>22</tag><username>fred</username></retrieve>")
	for _, status := range []int{401, 403, 429, 503} {
		for _, tt := range []struct {
			name, method, query, contentType, body string
			lines                                  []string
		}{
			{"GET", "GET", "?method=retrieve&tag=22&username=fred", "", "", []string{"retrieve [22] [fred] no"}},
			{"form", "POST", "", form, "method=retrieveByUniqueId&uniqueId=1.2&username=fred", []string{"retrieveByUniqueId [1.2] [fred] no"}},
			{"SOAP", "POST", "", "text/xml", retrieve, []string{"retrieve [22] [fred] no"}},
			{"SOAP with a long end", "POST", "", "text/xml", retrieve + strings.Repeat(" ", 64<<10), []string{"retrieve [22] [fred] no"}},
			{"start", "GET", "?method=start&extenOrUniqueId=410", "", "", nil},
			{"start by SOAP", "POST", "", "text/xml", message(soap11, "<start/>"), nil},
			{"WSDL", "GET", "?wsdl", "", "", nil},
		} {
			rec := &fakeRecorder{}
			r := httptest.NewRequest(tt.method, soap.Path+tt.query, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			soap.New(soap.Options{Recorder: rec}).Refuse(httptest.NewRecorder(), r, status, "no")
			if calls, lines, _ := rec.takeCalls(); len(calls) > 0 || !slices.Equal(lines, tt.lines) {
				t.Errorf("%d by %s: called %q, access log %q, want %q", status, tt.name, calls, lines, tt.lines)
			}
		}
	}
}

// TestRefusedRetrievalTooLong: one that the endpoint itself refuses for its
// length is named too, as far as it was read.
func TestRefusedRetrievalTooLong(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	body := message(soap11, "<retrieve><tag>22</tag><username>fred</username></retrieve>") + strings.Repeat(" ", 64<<10)
	w := e.do(http.MethodPost, soap.Path, body, "Content-Type", "text/xml")
	wantStatus(t, w, http.StatusInternalServerError)
	wantText(t, w, "longer than 65536 bytes")
	if calls, lines, _ := e.rec.takeCalls(); len(calls) > 0 || !slices.Equal(lines, []string{"retrieve [22] [fred] the request is longer than 65536 bytes"}) {
		t.Errorf("called %q, access log %q", calls, lines)
	}
}

// TestRefusedRetrievalsAreBounded: callers without any right cannot fill the
// database with lines about themselves.
func TestRefusedRetrievalsAreBounded(t *testing.T) {
	rec := &fakeRecorder{}
	h := soap.New(soap.Options{Recorder: rec})
	for range 20_000 {
		h.Refuse(httptest.NewRecorder(), requestWith("method=retrieve&tag=22&username=fred"), http.StatusForbidden, "no")
	}
	if _, lines, _ := rec.takeCalls(); len(lines) < 500 || len(lines) >= 20_000 {
		t.Errorf("%d lines in the access log for 20000 refusals", len(lines))
	}
}
