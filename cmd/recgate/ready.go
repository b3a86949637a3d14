package main

import (
	"context"
	"time"

	"recgate/httpd"
)

// checkDatabase returns nil when a start could be written now.
func (g *gateway) checkDatabase(ctx context.Context) error {
	if err := g.db.Ping(ctx); err != nil {
		return err
	}
	if err := g.trial.result(); err != nil {
		return err
	}
	return g.disks.CheckPlace(placeDatabase)
}

// checkArchive returns nil when a recording could be stored, and the disk has room
// for new ones.
func (g *gateway) checkArchive(ctx context.Context) error {
	if err := g.archive.Check(ctx); err != nil {
		return err
	}
	return g.disks.CheckPlace(placeArchive)
}

// pbxCheck returns a function that returns nil when a start on the PBX would work now.
func (g *gateway) pbxCheck(p pbx) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := p.CanRecord(ctx); err != nil {
			return err
		}
		if err := g.disks.CheckPlace(spoolName(p.Name)); err != nil {
			return err
		}
		return g.core.book.LastStart(p.Name, now())
	}
}

// checks are what /readyz asks.
func (g *gateway) checks() []httpd.Check {
	checks := []httpd.Check{
		{Name: "database", Run: g.checkDatabase},
		{Name: "archive", Run: g.checkArchive},
	}
	for _, p := range g.pbxs {
		checks = append(checks, httpd.Check{Name: "pbx " + p.Name, Run: g.pbxCheck(p)})
	}
	for _, p := range g.pbxs {
		if g.cfg.SelfTest > 0 {
			checks = append(checks, httpd.Check{Name: "self-test " + p.Name, Run: func(context.Context) error { return g.tests.result(p.Name) }})
		}
	}
	return checks
}

// awaitReady waits until every dependency is ready, at most for readyPatience.
func (g *gateway) awaitReady(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, check := range g.checks() {
		for check.Run(ctx) != nil && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}
}

// readyPatience is how long a start of recgate waits for its dependencies.
const readyPatience = 5 * time.Second
