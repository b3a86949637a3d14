package asterisk

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"time"

	"recgate/ami"
	"recgate/config"
	"recgate/trust"
)

// Open makes the PBX that the configuration names, and starts nothing. Without
// TLS it logs in by challenge, so that the secret does not cross the wire.
func Open(c config.PBX, now func() time.Time, log *slog.Logger) (*PBX, error) {
	secure, err := clientTLS(c)
	if err != nil {
		return nil, err
	}
	e, err := extensions(c)
	if err != nil {
		return nil, err
	}
	return New(Config{
		Name: c.Name,
		Client: ami.Options{
			Address: c.Address, Username: c.Username, Secret: c.Secret.Reveal(),
			TLS: secure, MD5: secure == nil,
			ActionTimeout: 4 * time.Second, BackoffMax: 5 * time.Second, BackoffRefused: 30 * time.Second,
		},
		Actions: c.ActionConnections, Recorder: c.Recorder, Spool: c.Spool, Mount: c.Mount, VerifyStart: c.VerifyStart,
		Extensions: e, Clock: now, Log: log,
	})
}

func clientTLS(c config.PBX) (*tls.Config, error) {
	if !c.TLS.On {
		return nil, nil
	}
	name := c.TLSName
	if host, _, err := net.SplitHostPort(c.Address); err == nil && name == "" {
		name = host
	}
	if c.TLS.CAFile == "" {
		return &tls.Config{ServerName: name}, nil
	}
	certificates, err := trust.ReadFile(c.TLS.CAFile)
	if err != nil {
		return nil, fmt.Errorf("pbx %q: tls: %w", c.Name, err)
	}
	return certificates.Config(name), nil
}

func extensions(c config.PBX) (Extensions, error) {
	e := Extensions{From: ExtensionSource(c.ExtensionFrom)}
	for _, m := range c.Extensions {
		pattern, err := regexp.Compile(m.Endpoint)
		if err != nil {
			return e, fmt.Errorf("pbx %q: extensions: endpoint %q: %w", c.Name, m.Endpoint, err)
		}
		e.Mappings = append(e.Mappings, Mapping{Endpoint: pattern, Extension: m.Extension})
	}
	return e, nil
}
