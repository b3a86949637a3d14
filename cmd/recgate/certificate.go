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

// openCertificate reads the listener's certificate, nil for plain HTTP, and adds its
// gauges.
func (g *gateway) openCertificate() (*httpd.Certificate, error) {
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

// keepCertificate keeps the certificate up to date. SIGHUP makes it read the files at
// once; without TLS, SIGHUP does nothing.
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

// checkTLS checks the listener's certificate, if it has one.
func (c *checker) checkTLS(cfg config.Config) {
	if !cfg.TLS.On() {
		return
	}
	cert, err := httpd.NewCertificate(cfg.TLS.Cert, cfg.TLS.Key, nil)
	if err != nil {
		c.printStep("tls", "", err)
		return
	}
	end := cert.End()
	days := int(time.Until(end).Hours() / 24)
	if end.Before(time.Now()) {
		err = fmt.Errorf("the certificate in %s expired on %s: put a new one there", cfg.TLS.Cert, end.Format(time.DateOnly))
	}
	c.printStep("tls", fmt.Sprintf("the certificate is for %s, for %d more days", strings.Join(cert.Names(), ", "), days), err)
}
