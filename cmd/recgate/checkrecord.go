package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"recgate/config"
	"recgate/httpd"
	"recgate/proof"
	"recgate/soap"
)

// record makes a test call on every PBX. Where a recgate listens already its
// endpoint is asked, since two must not share a spool; else the check runs
// one of its own for as long as it takes, as serve would.
func (c *checker) record(ctx context.Context, cfg config.Config, key string) {
	base, running := runningAt(ctx, cfg)
	if !running {
		c.recordHere(ctx, cfg)
		return
	}
	endpoint := proof.Endpoint{URL: base + soap.Path, Key: key, Client: oneUse()}
	defer endpoint.Client.CloseIdleConnections()
	for _, settings := range cfg.PBX {
		c.recordBy(ctx, settings, func(ctx context.Context, p pbx) error {
			return proof.Test{PBX: p.calls, Call: settings.TestCall, Endpoint: endpoint, Report: c.saidOf(settings)}.Run(ctx)
		})
	}
}

// key is what the check shows to a recgate that runs; it may be none. Those
// in the database are hashed, so it has to be given one of them.
func (c checkCommand) key(cfg config.Config) (string, error) {
	if c.KeyFile != "" {
		keys, err := config.ReadKeys(c.KeyFile)
		if err != nil {
			return "", fmt.Errorf("--key-file: %w", err)
		}
		return keys[0], nil
	}
	if keys := cfg.Legacy.Keys(); len(keys) > 0 {
		return keys[0], nil
	}
	return "", nil
}

// recordBy runs the client of one PBX around a test.
func (c *checker) recordBy(ctx context.Context, settings config.PBX, test func(context.Context, pbx) error) {
	p, err := openPBX(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		c.tested(settings, err)
		return
	}
	c.tested(settings, whileRunning(ctx, p, func(ctx context.Context) error {
		awaitPBX(ctx, p)
		return test(ctx, p)
	}))
}

// awaitPBX gives a PBX time to log in; what it does not do then is told by
// the test.
func awaitPBX(ctx context.Context, p pbx) { p.Check(ctx, func(string, string, error) {}) }

// recordHere runs a recgate for the tests, whose own port is closed to all
// but this machine.
func (c *checker) recordHere(ctx context.Context, cfg config.Config) {
	cfg.Listen, cfg.SelfTest, cfg.Pprof = "127.0.0.1:0", 0, ""
	g, err := build(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		c.step("recgate for the test", "", err)
		return
	}
	defer g.close()
	ctx, end := context.WithCancel(ctx)
	defer end()
	err = g.run(ctx, func() {}, func(ctx context.Context) error {
		defer end()
		g.awaitReady(ctx)
		for i, p := range g.pbxs {
			awaitPBX(ctx, p)
			c.tested(cfg.PBX[i], g.selfTest(ctx, p, cfg.PBX[i].TestCall, c.saidOf(cfg.PBX[i])))
		}
		return nil
	})
	if err != nil {
		c.step("recgate for the test", "", err)
	}
}

// saidOf prints the steps of a test that were well.
func (c *checker) saidOf(settings config.PBX) func(step, detail string) {
	return func(step, detail string) { c.step(nameOf(settings, step), detail, nil) }
}

// tested prints the step at which a test failed, if it did.
func (c *checker) tested(settings config.PBX, err error) {
	var at *proof.StepError
	switch {
	case errors.Is(err, proof.ErrKey) && errors.As(err, &at):
		c.step(nameOf(settings, at.Step), "", errors.New(explain(at.Err)+"; name a file with a key: recgate check --key-file FILE"))
	case errors.As(err, &at):
		c.step(nameOf(settings, at.Step), "", at.Err)
	case err != nil:
		c.step(nameOf(settings, proof.StepCall), "", err)
	}
}

func nameOf(settings config.PBX, step string) string {
	return fmt.Sprintf("pbx %s: %s", settings.Name, step)
}

// runningAt reports whether something listens where recgate would, and how it
// is spoken to from this machine.
func runningAt(ctx context.Context, cfg config.Config) (base string, running bool) {
	listener, err := httpd.Listen(ctx, cfg.Listen)
	if err == nil {
		_ = listener.Close() // nothing listened, nothing does
		return "", false
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return "", false
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if cfg.TLS.On() {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port), true
}

// oneUse is a client for one test: no proxy stands between a program and
// itself, and a certificate names the outside, not loopback.
func oneUse() *http.Client {
	return &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // only ever to itself
		},
	}
}
