package httpd_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"recgate/httpd"
	"recgate/internal/await"
)

// writeCertificate writes a certificate and its key, in the way of those who replace
// files while others read them.
func writeCertificate(t *testing.T, dir, name string, end time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: end.Add(-365 * 24 * time.Hour), NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	put(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func put(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name+".new"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func newCertificate(t *testing.T, dir string, log *slog.Logger) *httpd.Certificate {
	t.Helper()
	c, err := httpd.NewCertificate(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), log)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTLS: nothing older than 1.2, nothing but HTTP/1.1, and plain HTTP is
// told so.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, "rec.example.org", time.Now().Add(24*time.Hour))
	base, _ := runServer(t, httpd.Options{Certificate: newCertificate(t, dir, nil)}, nil)
	address := strings.TrimPrefix(base, "http://")
	for name, tt := range map[string]struct {
		lowest, highest uint16
		ok              bool
	}{
		"1.3": {tls.VersionTLS13, tls.VersionTLS13, true},
		"1.2": {tls.VersionTLS12, tls.VersionTLS12, true},
		"1.1": {tls.VersionTLS10, tls.VersionTLS11, false},
	} {
		conn, err := tls.Dial("tcp", address, &tls.Config{ //nolint:gosec // what a client might offer
			InsecureSkipVerify: true, MinVersion: tt.lowest, MaxVersion: tt.highest, NextProtos: []string{"h2", "http/1.1"},
		})
		if (err == nil) != tt.ok {
			t.Errorf("TLS %s: %v", name, err)
		}
		if err == nil {
			if s := conn.ConnectionState(); s.NegotiatedProtocol != "http/1.1" || s.PeerCertificates[0].DNSNames[0] != "rec.example.org" {
				t.Errorf("TLS %s: %q, %v", name, s.NegotiatedProtocol, s.PeerCertificates[0].DNSNames)
			}
			_ = conn.Close() // nothing was asked
		}
	}
	if status, body, _, err := get(t.Context(), base+"/healthz"); err != nil || status != http.StatusBadRequest || !strings.Contains(body, "HTTPS") {
		t.Errorf("plain HTTP: %d %q, %v", status, body, err)
	}
}

// TestCertificateIsReplaced: files that change are taken, those that do not
// fit are not, and the log and the metric say so.
func TestCertificateIsReplaced(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		month := time.Now().Add(30 * 24 * time.Hour)
		writeCertificate(t, dir, "one", month)
		c := newCertificate(t, dir, log.logger())
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		later := func(d time.Duration) { time.Sleep(d); synctest.Wait() }
		is := func(when, name string, fresh bool, lines ...string) {
			t.Helper()
			shown, err := c.Config().GetCertificate(nil)
			if err != nil || shown.Leaf.DNSNames[0] != name || c.Names()[0] != name || c.IsFresh() != fresh {
				t.Errorf("%s: %v is shown, fresh %v, %v", when, shown.Leaf.DNSNames, c.IsFresh(), err)
			}
			for _, line := range lines {
				if strings.Count(log.String(), line) != 1 {
					t.Errorf("%s: the log lacks %q, or has it twice:\n%s", when, line, log)
				}
			}
		}
		later(time.Minute)
		is("at first", "one", true)
		writeCertificate(t, dir, "two", month)
		later(6 * time.Second)
		is("replaced", "two", true, `"names":"two"`)

		cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, "cert.pem", []byte("half a file"))
		later(5 * time.Second)
		is("half replaced, just now", "two", true)
		later(20 * time.Second)
		is("broken", "two", false, "certificate not loaded, the old one stays in use", "are not a certificate and its key")
		put(t, dir, "cert.pem", cert)
		later(6 * time.Second)
		is("back", "two", true)

		writeCertificate(t, dir, "ended", time.Now().Add(-time.Hour))
		later(20 * time.Second)
		is("one that has ended", "two", false, "expired on 1999-12-31")
		if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil {
			t.Fatal(err)
		}
		c.Reload(t.Context())
		is("no key, and an operator asks", "two", false, "use the path of a PEM file")
		if err := syscall.Mkfifo(filepath.Join(dir, "key.pem"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Reload(t.Context())
		is("a pipe as the key", "two", false, "key.pem is a pipe, not a regular file")
		writeCertificate(t, dir, "three", time.Now().Add(10*24*time.Hour))
		c.Reload(t.Context())
		is("an operator asks", "three", true, `"names":"three"`)
		later(36 * time.Hour)
		if n := strings.Count(log.String(), "certificate expires soon"); n != 2 {
			t.Errorf("%d warnings in a day and a half", n)
		}
		if left := time.Until(c.End()).Hours() / 24; left > 8.6 || left < 8.4 {
			t.Errorf("%v days are left", left)
		}
		stop()
		if err := await.From(t, "Run to end", ended); err != nil {
			t.Error(err)
		}
	})
}

// TestCertificateOfAWindowsEditor: a byte order mark hides no certificate.
func TestCertificateOfAWindowsEditor(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, "one", time.Now().Add(time.Hour))
	for _, name := range []string{"cert.pem", "key.pem"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, name, append([]byte("\uFEFF"), strings.ReplaceAll(string(text), "\n", "\r\n")...))
	}
	if c := newCertificate(t, dir, nil); c.Names()[0] != "one" {
		t.Errorf("it is for %v", c.Names())
	}
}

func TestCertificateThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, "one", time.Now().Add(time.Hour))
	if err := errors.Join(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600), os.Symlink("/dev/zero", filepath.Join(dir, "endless"))); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ cert, key, says string }{
		{"none", "key.pem", "tls: " + dir + "/none cannot be read: use the path of a PEM file that the recgate user may read: no such file"},
		{"cert.pem", "none", "tls: " + dir + "/none cannot be read"},
		{"key.pem", "cert.pem", "are not a certificate and its key"},
		{"pipe", "key.pem", "tls: " + dir + "/pipe is a pipe, not a regular file: copy its content into a file"},
		{"cert.pem", "pipe", "tls: " + dir + "/pipe is a pipe, not a regular file"},
		{"cert.pem", "endless", "tls: " + dir + "/endless is a device, not a regular file"},
	} {
		_, err := httpd.NewCertificate(filepath.Join(dir, tt.cert), filepath.Join(dir, tt.key), nil)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s and %s: %v, want %q", tt.cert, tt.key, err, tt.says)
		}
	}
}
