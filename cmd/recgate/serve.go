package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gorilla/mux"
	"golang.org/x/sync/errgroup"

	"recgate/config"
	"recgate/httpd"
	"recgate/metrics"
	"recgate/soap"
)

// serveCommand is recgate serve.
type serveCommand struct{ fromFile }

// Help is shown below the flags.
func (serveCommand) Help() string {
	return "Ctrl-C or SIGTERM stops it. Recordings continue on the PBX, and the next start takes them over.\n" +
		"/healthz, /readyz and /metrics show its health.\n\nExample:\n  recgate serve --config /etc/recgate/recgate.yaml"
}

// Run serves until the process is told to end.
func (c serveCommand) Run(ctx context.Context, p process) error {
	cfg, log, err := c.loadToServe(ctx, p)
	if err != nil {
		return err
	}
	err = serve(ctx, cfg, log)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		log.Info("stopped before serving")
		return nil
	}
	return err
}

// serve runs recgate until ctx ends.
func serve(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	g, err := build(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer g.close()
	return g.run(ctx, func() {})
}

// loop is a part that runs until its context ends.
type loop func(context.Context) error

// run brings the database up to date, opens the listener, and runs every part and the
// further loops until one fails or ctx ends. It calls ready once awaitReady returns.
func (g *gateway) run(ctx context.Context, ready func(), further ...loop) error {
	release, err := g.db.ServeAlone(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err := release(); err != nil {
			g.log.Warn("lock of the database not released", slog.Any("err", err))
		}
	}()
	applied, err := g.db.Migrate(ctx)
	if err != nil {
		return err
	}
	if len(applied) > 0 {
		g.log.InfoContext(ctx, "database brought up to date", slog.Int("migrations", len(applied)))
	}
	if err := g.settleArchive(ctx); err != nil {
		return err
	}
	if err := g.keys.Renew(ctx); err != nil {
		return err
	}
	doors, err := g.openDoors(ctx)
	if err != nil {
		return err
	}
	g.addGauges()
	loops := append(g.core.loops(), g.disks.Run, g.keys.Run, g.testPeriodically, g.tryStarts)
	loops = append(append(loops, doors...), further...)
	loops = append(loops, func(ctx context.Context) error {
		g.awaitReady(ctx)
		ready()
		return nil
	})
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range loops {
		group.Go(func() error { return l(ctx) })
	}
	err = group.Wait()
	g.log.Info("stopping, running recordings continue")
	return err
}

// openDoors opens the listeners, and returns the loops that serve them.
func (g *gateway) openDoors(ctx context.Context) ([]loop, error) {
	certificate, err := g.openCertificate()
	if err != nil {
		return nil, err
	}
	var loops []loop
	if g.cfg.Pprof != "" {
		profiler, err := httpd.NewProfiler(ctx, g.cfg.Pprof, g.log)
		if err != nil {
			return nil, err
		}
		loops = append(loops, profiler.Run)
	}
	listener, err := httpd.Listen(ctx, g.cfg.Listen)
	if err != nil {
		return nil, err
	}
	server := httpd.New(httpd.Options{
		Listener: listener, Log: g.log, Checks: g.checks(),
		Certificate: certificate, Connections: g.cfg.Limits.Connections, Idle: g.cfg.IdleTimeout,
		Proxies:  httpd.Proxies{Trusted: config.Prefixes(g.cfg.TrustedProxies), Header: g.cfg.ProxyHeader},
		Health:   config.Prefixes(g.cfg.Health.Allow),
		NotFound: "there is nothing at this path: the recording API is at " + soap.Path,
	})
	g.metrics.WatchDoor(metrics.Door{Connections: server.Connections, Running: g.limiter.Running})
	hosts := newHosts(g.cfg, nil).Restrict(httpd.PlainRefusal)
	server.Mount("/metrics", httpd.Allow(config.Prefixes(g.cfg.Metrics.Allow), httpd.PlainRefusal)(hosts(g.metrics.Handler())))
	server.MountTree(soap.Services, g.guardedEndpoint())
	g.log.InfoContext(ctx, "recgate serves", slog.String("version", version), slog.String("listen", server.Addr().String()))
	return append(loops, server.Run, func(ctx context.Context) error { return keepCertificate(ctx, certificate, g.log) }), nil
}

// guardedEndpoint returns the Noojee endpoint behind its access control.
func (g *gateway) guardedEndpoint() http.Handler {
	l := g.cfg.Legacy
	door, router := g.newEndpoint()
	refuse := func(w http.ResponseWriter, r *http.Request, status int, message string) {
		g.metrics.CountTurnedAway(status)
		door.Refuse(w, r, status, message)
	}
	chain := router
	for _, before := range []httpd.Middleware{ // the last one comes first
		httpd.RequireKey(g.keys, refuse), g.limiter.Limit(refuse), httpd.FindKey(g.keys),
		newHosts(g.cfg, g.keys.Needed).Restrict(refuse), httpd.Allow(config.Prefixes(l.Allow), refuse),
	} {
		chain = before(chain)
	}
	return chain
}

// newEndpoint returns the Noojee endpoint without access control.
func (g *gateway) newEndpoint() (*soap.Handler, http.Handler) {
	l := g.cfg.Legacy
	door := soap.New(soap.Options{
		Recorder: g.core,
		Legacy: soap.Legacy{
			GetBody: l.GetBody, ErrorStatus: l.ErrorStatus, SoapErrors: l.SOAPErrors,
			StartReturn: l.StartReturn, StopNothing: l.StopNothing,
		},
		PublicURL: g.cfg.PublicURL,
		Log:       g.log,
		Count:     g.metrics.CountRequest,
		Sent:      g.metrics.AddServed,
	})
	router := mux.NewRouter()
	door.Register(router)
	return door, router
}
