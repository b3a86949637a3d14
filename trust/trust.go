// Package trust decides whether a server is the one that an operator named by
// a file of certificates: Asterisk, a database or an S3 server whose certificate
// no public authority signed. Begin at ReadFile; Certificates.Config is what TLS
// clients take.
//
// Scripts that come with such servers (Asterisk's ast_tls_cert) and databases
// that make their own write the name into the common name alone, which Go does
// not read any more. So a certificate is good here when
//
//   - it is one of those in the file, byte for byte, whatever its name; or
//   - one of those in the file signed it, and it is for the name that is asked
//     for: by its subject alternative names, or, where it has none, by its
//     common name.
//
// Either way it must not have expired.
package trust

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"recgate/smallfile"
)

// Certificates are the certificates in a file.
type Certificates struct {
	file string
	all  []*x509.Certificate
}

// ReadFile reads the PEM certificates of a file; what else is in it (a key) is
// passed over. The error names the file.
func ReadFile(file string) (*Certificates, error) {
	text, err := smallfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	all, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", file, err)
	}
	return &Certificates{file: file, all: all}, nil
}

func parse(text []byte) (all []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, errors.New("the file contains no PEM certificate (-----BEGIN CERTIFICATE-----)")
	}
	return all, nil
}

// Config is for clients of the server of that name, a host name or an IP
// address. A server that is not trusted fails the handshake with a
// *tls.CertificateVerificationError, which says what to do. The file is read
// again for a server that is not trusted, so that a renewed certificate needs no
// restart.
func (c *Certificates) Config(name string) *tls.Config {
	return &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection does it, by other rules for names
		VerifyConnection: func(s tls.ConnectionState) error {
			err := c.verify(name, s.PeerCertificates, time.Now())
			if err != nil {
				if present, problem := ReadFile(c.file); problem == nil {
					err = present.verify(name, s.PeerCertificates, time.Now())
				}
			}
			if err != nil {
				return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
			}
			return nil
		},
	}
}

// verify judges what a server presents, its own certificate first.
func (c *Certificates) verify(name string, presented []*x509.Certificate, now time.Time) error {
	if len(presented) == 0 {
		return errors.New("the server sent no certificate")
	}
	own := presented[0]
	if c.contains(own) {
		if now.Before(own.NotBefore) || now.After(own.NotAfter) {
			return x509.CertificateInvalidError{Cert: own, Reason: x509.Expired, Detail: fmt.Sprintf(
				"it is valid from %s to %s", own.NotBefore.Format(time.DateOnly), own.NotAfter.Format(time.DateOnly))}
		}
		return nil
	}
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now}
	for _, a := range c.all {
		options.Roots.AddCert(a)
	}
	for _, a := range presented[1:] {
		options.Intermediates.AddCert(a)
	}
	if _, err := own.Verify(options); err != nil {
		return fmt.Errorf("%w: neither this certificate nor one that signed it is in %q", err, c.file)
	}
	return checkName(own, name)
}

func (c *Certificates) contains(own *x509.Certificate) bool {
	for _, a := range c.all {
		if bytes.Equal(a.Raw, own.Raw) {
			return true
		}
	}
	return false
}

// checkName checks that a certificate is for a name.
func checkName(own *x509.Certificate, name string) error {
	names := append([]string{}, own.DNSNames...)
	for _, ip := range own.IPAddresses {
		names = append(names, ip.String())
	}
	isNamed := own.VerifyHostname(name) == nil
	if !hasAlternativeNames(own) {
		names = []string{own.Subject.CommonName}
		isNamed = name != "" && strings.EqualFold(own.Subject.CommonName, name)
	}
	if isNamed {
		return nil
	}
	return fmt.Errorf("the certificate is for %q, not for %q", strings.Join(names, ", "), name)
}

// hasAlternativeNames reports whether a certificate has the extension
// subjectAltName (RFC 5280, 4.2.1.6), whatever it holds.
func hasAlternativeNames(own *x509.Certificate) bool {
	for _, e := range own.Extensions {
		if e.Id.Equal([]int{2, 5, 29, 17}) {
			return true
		}
	}
	return false
}
