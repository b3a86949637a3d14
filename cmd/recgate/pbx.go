package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"recgate/asterisk"
	"recgate/config"
	"recgate/proof"
	"recgate/recording"
)

// pbx is what recgate asks of a PBX, whatever drives it.
type pbx struct {
	recording.PBX           // what the core asks
	calls         proof.PBX // what test calls ask
	operations
}

// operations are what readiness, checks and metrics ask of a PBX.
type operations interface {
	// CanRecord returns nil when a recording could be started now, else what is
	// missing.
	CanRecord(ctx context.Context) error
	// CheckSpool returns nil when recordings can be read and deleted. Its error
	// names the folder.
	CheckSpool() error
	// Check calls said for each step, with what it found on the PBX or what is wrong
	// there. Events.Run must be running. Check returns after the first attempt to
	// reach the PBX.
	Check(ctx context.Context, said func(step, detail string, err error))
	// Health is for metrics. It asks the PBX nothing.
	Health() recording.Health
}

// drivers open the kinds of PBX. Another kind is a folder of its own and a line
// here.
var drivers = map[string]func(config.PBX, *slog.Logger) (pbx, error){
	"asterisk": func(c config.PBX, log *slog.Logger) (pbx, error) { return fromDriver(asterisk.Open(c, now, log)) },
}

// fromDriver makes a pbx from a driver.
func fromDriver[P interface {
	Ports() recording.PBX
	proof.PBX
	operations
}](p P, err error) (pbx, error) {
	if err != nil {
		return pbx{}, err
	}
	return pbx{PBX: p.Ports(), calls: p, operations: p}, nil
}

// openPBX makes a PBX and starts nothing. Only this function knows its kind: there is
// only one, so there is no setting for it.
func openPBX(c config.PBX, log *slog.Logger) (pbx, error) {
	p, err := drivers["asterisk"](c, log)
	p.KeepSpool = c.KeepSpool
	return p, err
}

// whileRunning runs the connection to a PBX until do returns.
func whileRunning(ctx context.Context, p pbx, do func(ctx context.Context) error) error {
	running, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return p.Events.Run(running, func(recording.Event) {}) })
	err := do(ctx)
	stop()
	return errors.Join(err, group.Wait())
}
