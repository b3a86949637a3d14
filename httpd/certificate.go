package httpd

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"recgate/smallfile"
)

const (
	// certificateLook is how often the files are read: both are small.
	certificateLook = 5 * time.Second
	// certificateSoon is when its end is worth a warning, each day.
	certificateSoon = 14 * 24 * time.Hour
)

// Certificate is what a TLS listener shows. It comes from two PEM files, which may
// be replaced while it runs. If the new files do not fit together, the old
// certificate stays in use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.RWMutex // guards all below
	pair    *tls.Certificate
	loaded  [sha256.Size]byte // hash of the files that pair came from
	suspect [sha256.Size]byte // hash of files that did not fit when they were last read
	logged  [sha256.Size]byte // hash of files that did not fit and were logged
	broken  bool              // the files cannot be used, an older certificate is shown
	warned  time.Time         // the last warning that the certificate ends soon
}

// NewCertificate reads the files: the certificate, followed by those of its
// issuers, and its key. A nil log is discarded. An expired certificate is used all
// the same: callers that do not check it are served.
func NewCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	pair, sum, err := c.read()
	if err != nil {
		return nil, err
	}
	c.pair, c.loaded = pair, sum
	return c, nil
}

// read returns the certificate in the files now, and a hash of the files, or of the
// error where they cannot be read. By the hash a caller knows whether anything has
// changed, also whether it is still the same fault.
func (c *Certificate) read() (*tls.Certificate, [sha256.Size]byte, error) {
	cert, err := smallfile.Read(c.certFile)
	if err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), fileError(c.certFile, err)
	}
	key, err := smallfile.Read(c.keyFile)
	if err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), fileError(c.keyFile, err)
	}
	h := sha256.New()
	for _, file := range [][]byte{cert, key} {
		sum := sha256.Sum256(file)
		h.Write(sum[:])
	}
	sum := [sha256.Size]byte(h.Sum(nil))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, sum, fmt.Errorf("tls: %s and %s are not a certificate and its key: use PEM files that belong together: %v", c.certFile, c.keyFile, err) //nolint:errorlint // nobody asks for its kind
	}
	return &pair, sum, nil
}

// fileError says what to do about a file that cannot be read.
func fileError(file string, err error) error {
	if _, is := errors.AsType[*fs.PathError](err); !is { // it says so itself
		return fmt.Errorf("tls: %w", err)
	}
	return fmt.Errorf("tls: %s cannot be read: use the path of a PEM file that the recgate user may read: %v", file, errors.Unwrap(err)) //nolint:errorlint // nobody asks for its kind
}

// Config returns the settings of a listener: TLS 1.2 and newer with the ciphers of
// the standard library. Only HTTP/1.1 is offered: callers of the old API speak
// nothing else, and HTTP/2 has its own ways to flood a server.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c.mu.RLock()
			defer c.mu.RUnlock()
			return c.pair, nil
		},
	}
}

// Names returns the host names and addresses that the certificate is for.
func (c *Certificate) Names() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	names := append([]string(nil), c.pair.Leaf.DNSNames...)
	for _, ip := range c.pair.Leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// End returns when the certificate in use expires.
func (c *Certificate) End() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.pair.Leaf.NotAfter
}

// IsFresh reports whether the certificate that is shown is the one in the files.
func (c *Certificate) IsFresh() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return !c.broken
}

// Run reads the files every five seconds until ctx ends, and warns each day when
// the certificate is about to expire.
func (c *Certificate) Run(ctx context.Context) error {
	tick := time.NewTicker(certificateLook)
	defer tick.Stop()
	for {
		c.warnBeforeEnd(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			c.reload(ctx, false)
		}
	}
}

// Reload reads the files at once, for an operator who asks for it.
func (c *Certificate) Reload(ctx context.Context) { c.reload(ctx, true) }

// reload takes new files, or logs once that they do not fit together. Unless an
// operator has asked, it waits until it has seen such files twice: somebody may be
// about to replace the second one.
func (c *Certificate) reload(ctx context.Context, asked bool) {
	pair, sum, err := c.read()
	c.mu.RLock()
	same := sum == c.loaded
	c.mu.RUnlock()
	if err == nil && !same && pair.Leaf.NotAfter.Before(c.now()) && c.End().After(c.now()) {
		err = fmt.Errorf("the certificate in %s expired on %s", c.certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && sum == c.loaded && !asked:
		c.broken = false
	case err == nil:
		c.pair, c.loaded, c.broken, c.warned = pair, sum, false, time.Time{}
		c.log.InfoContext(ctx, "certificate loaded", slog.String("names", strings.Join(pair.Leaf.DNSNames, " ")), slog.Time("until", pair.Leaf.NotAfter))
	case sum == c.logged && !asked: // the log has it
		c.broken = true
	case asked || sum == c.suspect:
		c.broken, c.logged = true, sum
		c.log.WarnContext(ctx, "certificate not loaded, the old one stays in use", slog.Any("err", err))
	}
	if err != nil {
		c.suspect = sum
	}
}

// warnBeforeEnd logs once a day that the certificate is about to expire.
func (c *Certificate) warnBeforeEnd(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	left := c.pair.Leaf.NotAfter.Sub(now)
	if left > certificateSoon || now.Sub(c.warned) < 24*time.Hour {
		return
	}
	c.warned = now
	c.log.WarnContext(ctx, "certificate expires soon or has expired", slog.Time("until", c.pair.Leaf.NotAfter), slog.Int("days", int(left.Hours()/24)))
}
