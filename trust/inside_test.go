package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// newAuthority makes a certificate that may sign, and returns what it signs with.
func newAuthority(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	return sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true}, nil, nil)
}

// sign makes a certificate for the day around noon; without a parent it signs itself.
func sign(t *testing.T, c, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), noon.Add(-time.Hour), noon.Add(time.Hour)
	if parent == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func TestVerify(t *testing.T) {
	root, rootKey := newAuthority(t, "root")
	between, betweenKey := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "between"}, IsCA: true, BasicConstraintsValid: true}, root, rootKey)
	named := func(cn string, names ...string) *x509.Certificate {
		c := &x509.Certificate{Subject: pkix.Name{CommonName: cn}}
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
			} else {
				c.DNSNames = append(c.DNSNames, name)
			}
		}
		return c
	}
	plain, _ := sign(t, named("pbx"), root, rootKey)
	both, _ := sign(t, named("pbx", "sip.example.org", "10.0.0.5"), root, rootKey)
	below, belowKey := sign(t, named("pbx"), between, betweenKey)
	forged, _ := sign(t, named("pbx"), below, belowKey) // by a certificate that may not sign
	for _, tt := range []struct {
		name  string
		asks  string
		shown []*x509.Certificate
		holds *x509.Certificate
		after time.Duration
		says  string
	}{
		{"by its common name", "pbx", []*x509.Certificate{plain}, root, 0, ""},
		{"by an alternative name", "sip.example.org", []*x509.Certificate{both}, root, 0, ""},
		{"by an address", "10.0.0.5", []*x509.Certificate{both}, root, 0, ""},
		{"by its common name, which has alternatives", "pbx", []*x509.Certificate{both}, root, 0, `for "sip.example.org, 10.0.0.5", not for "pbx"`},
		{"signed in two steps", "pbx", []*x509.Certificate{below, between}, root, 0, ""},
		{"signed by one that may not", "pbx", []*x509.Certificate{forged, below, between}, root, 0, "x509"},
		{"expired", "pbx", []*x509.Certificate{plain}, root, 2 * time.Hour, "expired"},
		{"exactly this one, expired", "", []*x509.Certificate{plain}, plain, 2 * time.Hour, "expired"},
		{"exactly this one, not yet good", "", []*x509.Certificate{plain}, plain, -2 * time.Hour, "valid from 2026-11-26"},
		{"none", "pbx", nil, root, 0, "no certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Certificates{file: "ca.pem", all: []*x509.Certificate{tt.holds}}
			err := c.verify(tt.asks, tt.shown, noon.Add(tt.after))
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// FuzzParse: whatever is in the file, it is refused or holds certificates.
func FuzzParse(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if all, err := parse(text); err == nil && len(all) == 0 {
			t.Error("no certificate and no error")
		}
	})
}
