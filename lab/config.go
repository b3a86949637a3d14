package lab

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

//go:embed conf
var conf embed.FS

// settings is what the templates of folder conf are filled with.
type settings struct {
	Instance, Dir, RunDir, Root, Modules       string
	AMI, TLS, SIP, PJSIP, PhonesAMI, PhonesSIP int
	RTPFirst, RTPLast                          int
	Monitor, ChanSIP                           bool
	SystemName                                 string
	Extensions, Odd                            []string
	Users                                      []User
}

// OddNames are names of the telephone 410 that are not made of digits.
func OddNames() []string { return []string{"приёмная", "Zadarma usa"} }

func (l *Lab) settings(i *instance, extensions []string) settings {
	first := l.ports.first
	rtp := first + portRTP
	if i.name == "phones" {
		rtp = first + portPhonesRTP
	}
	system := l.systemName
	if i.name == "phones" {
		system = ""
	}
	return settings{
		SystemName: system, Odd: OddNames(),
		Instance: i.name, Dir: i.dir, RunDir: i.runDir, Root: l.tree.root, Modules: l.tree.modules,
		AMI: first + portAMI, TLS: first + portTLS, SIP: first + portSIP, PJSIP: first + portPJSIP,
		PhonesAMI: first + portPhonesAMI, PhonesSIP: first + portPhonesSIP,
		RTPFirst: rtp, RTPLast: rtp + numRTP - 1,
		Monitor: HasMonitor(l.Version), ChanSIP: HasMonitor(l.Version),
		Extensions: extensions, Users: l.users,
	}
}

// configure makes the folders of an instance and fills them.
func (i *instance) configure(s settings) error {
	for _, d := range []string{"etc", "log/cdr-csv", "spool/monitor", "spool/outgoing", "lib", "keys", "cache"} {
		if err := os.MkdirAll(filepath.Join(i.dir, d), 0o755); err != nil {
			return fmt.Errorf("run folder of %s: %w", i.name, err)
		}
	}
	for _, from := range []string{"common", i.name} {
		if err := fill("conf/"+from, filepath.Join(i.dir, "etc"), s); err != nil {
			return err
		}
	}
	return writeCertificate(filepath.Join(i.dir, "keys"))
}

// fill executes every template of a folder.
func fill(from, to string, s settings) error {
	names, err := fs.Glob(conf, from+"/*.conf")
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	for _, name := range names {
		t, err := template.ParseFS(conf, name)
		if err != nil {
			return fmt.Errorf("template: %w", err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, s); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), b.Bytes(), 0o644); err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
	}
	return nil
}

// writeCertificate makes a key and a certificate for loopback, both in ami.pem, as
// Asterisk wants them.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	crt := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), crt...)
	if err := os.WriteFile(filepath.Join(dir, "ami.pem"), both, 0o600); err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	return nil
}
