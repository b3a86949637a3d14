package ami

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

// TLSConfig makes the value of Options.TLS. An empty caFile trusts what the
// machine trusts, else only the PEM certificates in caFile: the place for the
// self-signed certificate of a PBX.
func TLSConfig(caFile string) (*tls.Config, error) {
	if caFile == "" {
		return &tls.Config{}, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authority of the PBX: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%q holds no PEM certificate", caFile)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// secure makes a connection speak TLS, and checks the server's certificate.
func secure(ctx context.Context, conn net.Conn, o Options) (net.Conn, error) {
	config := o.TLS.Clone()
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(o.Address)
		if err != nil {
			return nil, err
		}
		config.ServerName = host
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secured, nil
}
