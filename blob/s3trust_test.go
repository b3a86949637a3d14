package blob_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http/httptest"
	"testing"

	"recgate/trust"
)

// TestS3Certificate: a server whose certificate no authority of the machine has
// signed, and that has a common name alone, is trusted where a file says so.
func TestS3Certificate(t *testing.T) {
	s := newServer(t)
	own, err := tls.LoadX509KeyPair("../trust/testdata/pbx.pem", "../trust/testdata/pbx.pem")
	if err != nil {
		t.Fatal(err)
	}
	secure := httptest.NewUnstartedServer(s.Config.Handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	secure.StartTLS()
	defer secure.Close()
	for file, trusted := range map[string]bool{"pbx.crt": true, "other.crt": false} {
		certificates, err := trust.ReadFile("../trust/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		o := options(secure.URL)
		o.Trusts = certificates.Config("127.0.0.1")
		if err := newS3(t, o).Check(t.Context()); (err == nil) != trusted {
			t.Errorf("trusting %s: %v", file, err)
		}
	}
	if err := newS3(t, options(secure.URL)).Check(t.Context()); err == nil {
		t.Error("a certificate that nobody named is trusted")
	}
}
