package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"recgate/config"
	"recgate/httpd"
)

// certificate is the listener's, nil for plain HTTP. The metrics watch it.
func (g *gateway) certificate() (*httpd.Certificate, error) {
	if !g.cfg.TLS.On() {
		g.metrics.WatchCertificate(func() time.Time { return time.Time{} }, func() bool { return true })
		return nil, nil
	}
	c, err := httpd.NewCertificate(g.cfg.TLS.Cert, g.cfg.TLS.Key, g.log)
	if err != nil {
		return nil, err
	}
	g.metrics.WatchCertificate(c.End, c.IsFresh)
	return c, nil
}

// keepCertificate keeps it up to date, and reads its files at once at SIGHUP,
// which does nothing else, and ends nothing where there is no TLS.
func keepCertificate(ctx context.Context, c *httpd.Certificate, log *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	group, ctx := errgroup.WithContext(ctx)
	if c != nil {
		group.Go(func() error { return c.Run(ctx) })
	}
	group.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-hangup:
			}
			if c == nil {
				log.InfoContext(ctx, "nothing to reload: without tls, only a restart reads settings")
				continue
			}
			c.Reload(ctx)
		}
	})
	return group.Wait()
}

// tls looks at the certificate of the listener, where there is to be one.
func (c *checker) tls(cfg config.Config) {
	if !cfg.TLS.On() {
		return
	}
	cert, err := httpd.NewCertificate(cfg.TLS.Cert, cfg.TLS.Key, nil)
	if err != nil {
		c.step("tls", "", err)
		return
	}
	end := cert.End()
	days := int(time.Until(end).Hours() / 24)
	if end.Before(time.Now()) {
		err = fmt.Errorf("the certificate in %s expired on %s: put a new one there", cfg.TLS.Cert, end.Format(time.DateOnly))
	}
	c.step("tls", fmt.Sprintf("the certificate is for %s, for %d more days", strings.Join(cert.Names(), ", "), days), err)
}
