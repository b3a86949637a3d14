package ami

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

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
