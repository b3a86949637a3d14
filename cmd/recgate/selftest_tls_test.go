package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recgate/config"
)

// TestCheckRecordOverTLS: a recgate that speaks TLS where it listens is asked
// so, although its certificate names the outside.
func TestCheckRecordOverTLS(t *testing.T) {
	t.Parallel()
	cert, key := outsideCertificate(t)
	o := newOffice(t, 22, func(c *config.Config) { c.TLS.Cert, c.TLS.Key = cert, key })
	o.sim.AddTone(testPlace, testContext, 1000)
	c := newCheckSetup(t, 22)
	c.listen, c.address, c.spool, c.mount = strings.TrimPrefix(o.base, "http://"), o.sim.Addr(), o.cfg.PBX[0].Spool, o.cfg.PBX[0].Mount
	c.username, c.secret = "tester", "tester-secret"
	c.more = "tls: {cert: " + cert + ", key: " + key + "}\n"
	wantSteps(t, c.runWith(t, "--record"), "ok      pbx pbx1: test sound", " of it the tone of 1000 Hz")
	if sums := o.sums(t); len(sums) != 1 {
		t.Errorf("the ledger of the one that runs says %v", sums)
	}
}

// outsideCertificate writes one for a name that is not loopback's.
func outsideCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rec.example.org"}, DNSNames: []string{"rec.example.org"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}
