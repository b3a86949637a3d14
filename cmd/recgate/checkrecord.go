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

// testRecordings makes a test call on every PBX. If a recgate is already running, its
// endpoint is used, since two must not share a spool; else the check runs its own for
// as long as the tests take.
func (c *checker) testRecordings(ctx context.Context, cfg config.Config, key string) {
	base, running := findRunning(ctx, cfg)
	if !running {
		c.testWithOwn(ctx, cfg)
		return
	}
	endpoint := proof.Endpoint{URL: base + soap.Path, Key: key, Client: newTestClient()}
	defer endpoint.Client.CloseIdleConnections()
	for _, settings := range cfg.PBX {
		c.testWithPBX(ctx, settings, func(ctx context.Context, p pbx) error {
			return proof.Test{PBX: p.calls, Call: settings.TestCall, Endpoint: endpoint, Report: c.stepPrinter(settings)}.Run(ctx)
		})
	}
}

// readKey returns the API key for a recgate that is running, or "". Only hashes of
// keys are in the database, so such a key must be given in a file.
func (c checkCommand) readKey(cfg config.Config) (string, error) {
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

// testWithPBX runs a test with a connection to a PBX, and prints its failure.
func (c *checker) testWithPBX(ctx context.Context, settings config.PBX, test func(context.Context, pbx) error) {
	p, err := openPBX(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		c.printFailure(settings, err)
		return
	}
	c.printFailure(settings, whileRunning(ctx, p, func(ctx context.Context) error {
		awaitPBX(ctx, p)
		return test(ctx, p)
	}))
}

// awaitPBX waits for the first login to a PBX. If it fails, the test says so.
func awaitPBX(ctx context.Context, p pbx) { p.Check(ctx, func(string, string, error) {}) }

// testWithOwn runs a recgate for the tests, which listens only on loopback.
func (c *checker) testWithOwn(ctx context.Context, cfg config.Config) {
	cfg.Listen, cfg.SelfTest, cfg.Pprof = "127.0.0.1:0", 0, ""
	g, err := build(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		c.printStep("recgate for the test", "", err)
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
			c.printFailure(cfg.PBX[i], g.selfTest(ctx, p, cfg.PBX[i].TestCall, c.stepPrinter(cfg.PBX[i])))
		}
		return nil
	})
	if err != nil {
		c.printStep("recgate for the test", "", err)
	}
}

// stepPrinter returns a function that prints the successful steps of a test.
func (c *checker) stepPrinter(settings config.PBX) func(step, detail string) {
	return func(step, detail string) { c.printStep(stepName(settings, step), detail, nil) }
}

// printFailure prints the step at which a test failed; err may be nil.
func (c *checker) printFailure(settings config.PBX, err error) {
	var at *proof.StepError
	switch {
	case errors.Is(err, proof.ErrKey) && errors.As(err, &at):
		c.printStep(stepName(settings, at.Step), "", errors.New(errorText(at.Err)+"; name a file with a key: recgate check --key-file FILE"))
	case errors.As(err, &at):
		c.printStep(stepName(settings, at.Step), "", at.Err)
	case err != nil:
		c.printStep(stepName(settings, proof.StepCall), "", err)
	}
}

func stepName(settings config.PBX, step string) string {
	return fmt.Sprintf("pbx %s: %s", settings.Name, step)
}

// findRunning reports whether something listens at recgate's address, and returns the
// URL for it from this machine.
func findRunning(ctx context.Context, cfg config.Config) (base string, running bool) {
	listener, err := httpd.Listen(ctx, cfg.Listen)
	if err == nil {
		_ = listener.Close() // nothing was listening
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

// newTestClient makes a client for calls of this machine to itself: without a proxy,
// and without checking the certificate, which is for recgate's public name.
func newTestClient() *http.Client {
	return &http.Client{
		Timeout: time.Minute,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // only ever to itself
		},
	}
}
