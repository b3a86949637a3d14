package ami_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
	"recgate/trust"
)

// selfSigned makes a certificate for 127.0.0.1, and writes it to a file as PEM.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pbx"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pbx.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// trusting is the configuration of a client that trusts a file.
func trusting(t *testing.T, file string) *tls.Config {
	t.Helper()
	certificates, err := trust.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return certificates.Config("127.0.0.1")
}

func onTLS(t *testing.T, certificate tls.Certificate, script func(*amitest.Peer)) ami.Options {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	return ami.Options{Address: amitest.Accept(t, ln, script), Username: amitest.Username, Secret: amitest.Secret}
}

func TestTLS(t *testing.T) {
	certificate, file := selfSigned(t)
	o := onTLS(t, certificate, amitest.Obey(amitest.Succeed))
	o.TLS = trusting(t, file)
	c := run(t, o)
	c.next(t, ami.SignalUp)
	if _, err := c.Do(t.Context(), ami.NewAction("Ping")); err != nil {
		t.Error(err)
	}
}

// TestTLSOfStrangers: a server that cannot prove its name, or speaks no TLS,
// never hears the secret.
func TestTLSOfStrangers(t *testing.T) {
	certificate, _ := selfSigned(t)
	_, otherFile := selfSigned(t)
	other, system := trusting(t, otherFile), &tls.Config{}
	heard := func(p *amitest.Peer) {
		p.Greet()
		if text, _ := io.ReadAll(p.In); bytes.Contains(text, []byte(amitest.Secret)) {
			t.Errorf("the server heard %q", text)
		}
	}
	tests := []struct {
		name    string
		options ami.Options
		config  *tls.Config
		unknown bool // the certificate is what is wrong
	}{
		{"another authority", onTLS(t, certificate, heard), other, true},
		{"authorities of the machine", onTLS(t, certificate, heard), system, true},
		{"no TLS", amitest.OnLoopback(t, heard), system, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.TLS = tt.config
			c := run(t, tt.options)
			await.Until(t, "an attempt has failed", func() bool { _, err := c.State(); return err != nil })
			up, err := c.State()
			if got := errors.As(err, new(*tls.CertificateVerificationError)); up || got != tt.unknown {
				t.Errorf("State = %v, %v", up, err)
			}
		})
	}
}
