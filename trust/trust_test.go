package trust_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"recgate/trust"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handshake has a client that trusts a file connect to a server that shows a
// certificate, and returns what the client says to it.
func handshake(t *testing.T, shows, trusts, name string) error {
	t.Helper()
	certificates, err := trust.ReadFile("testdata/" + trusts)
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, shows, certificates.Config(name))
}

func connect(t *testing.T, shows string, client *tls.Config) error {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair("testdata/"+shows, "testdata/"+shows)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := net.Pipe()
	limit := time.Now().Add(10 * time.Second)
	_ = ours.SetDeadline(limit)
	_ = theirs.SetDeadline(limit)
	served := make(chan error, 1)
	go func() {
		served <- tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{certificate}}).HandshakeContext(t.Context())
		_ = theirs.Close()
	}()
	err = tls.Client(ours, client).HandshakeContext(t.Context())
	_ = ours.Close()
	<-served
	return err
}

// TestWhoIsTrusted: certificates as Asterisk's own script makes them, with a
// common name and nothing else, and what else stands in such files.
func TestWhoIsTrusted(t *testing.T) {
	for _, tt := range []struct {
		name                string
		shows, trusts, asks string
		says                string // "": it is trusted
	}{
		{"signed for that common name", "pbx.pem", "ca.crt", "pbx.example.org", ""},
		{"the common name in capitals", "pbx.pem", "ca.crt", "PBX.Example.org", ""},
		{"signed for that address", "address.pem", "ca.crt", "127.0.0.1", ""},
		{"signed for another name", "pbx.pem", "ca.crt", "10.0.0.5", `the certificate is for "pbx.example.org", not for "10.0.0.5"`},
		{"no name asked for", "pbx.pem", "ca.crt", "", `not for ""`},
		{"exactly this one", "pbx.pem", "pbx.crt", "10.0.0.5", ""},
		{"this one, in a file with its key", "pbx.pem", "pbx.pem", "10.0.0.5", ""},
		{"another one for the same name", "other.pem", "pbx.crt", "pbx.example.org", `neither this certificate nor one that signed it is in "testdata/pbx.crt"`},
		{"another authority of the same name", "other.pem", "ca.crt", "pbx.example.org", `is in "testdata/ca.crt"`},
		{"a certificate that signs nothing", "address.pem", "pbx.crt", "127.0.0.1", "neither this certificate"},
		{"self-signed", "self.pem", "self.crt", "db.example.org", ""},
		{"a common name beside alternative ones", "san.pem", "san.crt", "10.0.0.5", ""}, // exactly this one
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := handshake(t, tt.shows, tt.trusts, tt.asks)
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, new(*tls.CertificateVerificationError)) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want a refusal that says %q", err, tt.says)
			}
		})
	}
}

// TestRenewedFile: a server shows a new certificate, and the operator has put
// it into the file since that was read.
func TestRenewedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pbx.pem")
	put := func(from string) {
		text, err := os.ReadFile("testdata/" + from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("pbx.crt")
	certificates, err := trust.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		file string
		want bool
	}{{"pbx.crt", false}, {"address.crt", true}, {"other.crt", false}} {
		put(tt.file)
		err := connect(t, "address.pem", certificates.Config("pbx"))
		if (err == nil) != tt.want {
			t.Errorf("with %s in the file: %v", tt.file, err)
		}
	}
}

func TestFilesThatHoldNone(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for says, file := range map[string]string{
		"no PEM certificate": put("empty.pem", ""),
		"x509":               put("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"is larger than":     put("large.pem", strings.Repeat("#", 5<<20)),
		"no such file":       filepath.Join(dir, "missing.pem"),
		"not a regular file": pipe,
	} {
		if c, err := trust.ReadFile(file); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("File(%s) = %v, %v; want an error that says %q", file, c, err, says)
		}
	}
}
