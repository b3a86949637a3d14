package soap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"recgate/soap"
	"recgate/wsdl"
)

func TestPages(t *testing.T) {
	for _, tt := range []struct{ name, publicURL, host, want, never string }{
		{"host", "", "pbx.example:8080", "http://pbx.example:8080" + soap.Path + "?wsdl", ""},
		{"public url", "https://rec.example/", "pbx.example", "https://rec.example" + soap.Path + "?wsdl", "pbx.example"},
		{"hostile", "", `x"><script>alert(1)</script>`, "retrieveByUniqueId", "<script"},
	} {
		for _, path := range []string{soap.Path, soap.Path + "/", soap.Services, soap.Services + "/"} {
			t.Run(tt.name+path, func(t *testing.T) {
				e := newEndpoint(t, soap.Legacy{}, func(o *soap.Options) { o.PublicURL = tt.publicURL })
				r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
				r.Host = tt.host
				w := e.serve(r)
				wantStatus(t, w, http.StatusOK)
				wantText(t, w, tt.want, "start", "stop", "retrieve", "retrieveByUniqueId", soap.Service)
				if tt.never != "" && strings.Contains(w.Body.String(), tt.never) {
					t.Errorf("the page holds %q", tt.never)
				}
				if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Content-Type") != "text/html;charset=utf-8" {
					t.Errorf("headers %v", w.Header())
				}
			})
		}
	}
}

func TestWSDLAddress(t *testing.T) {
	for _, tt := range []struct{ query, publicURL, host, want string }{
		{"wsdl", "", "pbx.example", wsdl.Literal("http://pbx.example" + soap.Path)},
		{"WSDL", "", "pbx.example", wsdl.Literal("http://pbx.example" + soap.Path)},
		{"x=1&Wsdl=", "", "pbx.example", wsdl.Literal("http://pbx.example" + soap.Path)},
		{"wsdl=rpc", "", "pbx.example", wsdl.RPC("http://pbx.example" + soap.Path)},
		{"WSDL=RPC", "https://rec.example", "pbx.example", wsdl.RPC("https://rec.example" + soap.Path)},
		{"wsdl", "", `a"/><b>`, wsdl.Literal(`http://a"/><b>` + soap.Path)},
	} {
		t.Run(tt.query+tt.host, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{}, func(o *soap.Options) { o.PublicURL = tt.publicURL })
			r := requestWith(tt.query)
			r.Host = tt.host
			w := e.serve(r)
			wantStatus(t, w, http.StatusOK)
			if w.Body.String() != tt.want {
				t.Errorf("body %.900q", w.Body)
			}
			checkXML(t, w.Body.String())
			if got := w.Header().Get("Content-Type"); got != "text/xml;charset=utf-8" {
				t.Errorf("content type %q", got)
			}
		})
	}
}
