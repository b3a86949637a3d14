package soap_test

import (
	"net/http"
	"net/http/httptest"
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
