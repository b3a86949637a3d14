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
	operated
}

// operated is what those who operate a PBX ask of it.
type operated interface {
	// CanRecord returns nil when a recording could be started now; else it says
	// what is missing.
	CanRecord(ctx context.Context) error
	// CheckSpool finds out whether recordings can be read and deleted. Its error
	// names the folder.
	CheckSpool() error
	// Check tells step by step what was found on the PBX, or what is wrong there.
	// It needs Run to be at work, and returns once the first attempt to reach the
	// PBX has ended.
	Check(ctx context.Context, said func(step, detail string, err error))
	// Health is for metrics. It asks the PBX nothing.
	Health() recording.Health
}

// drivers are the kinds of PBX, and what opens one. Another kind is a folder of
// its own and a line here.
var drivers = map[string]func(config.PBX, *slog.Logger) (pbx, error){
	"asterisk": func(c config.PBX, log *slog.Logger) (pbx, error) { return opened(asterisk.Open(c, now, log)) },
}

// opened hands a driver over to those who ask it.
func opened[P interface {
	Ports() recording.PBX
	proof.PBX
	operated
}](p P, err error) (pbx, error) {
	if err != nil {
		return pbx{}, err
	}
	return pbx{PBX: p.Ports(), calls: p, operated: p}, nil
}

// openPBX makes a PBX and starts nothing. It is the only place that knows which
// kind it is: there is one, and no setting that says so.
func openPBX(c config.PBX, log *slog.Logger) (pbx, error) {
	p, err := drivers["asterisk"](c, log)
	p.KeepSpool = c.KeepSpool
	return p, err
}

// whileRunning keeps the connection to a PBX for as long as do takes.
func whileRunning(ctx context.Context, p pbx, do func(ctx context.Context) error) error {
	running, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return p.Events.Run(running, func(recording.Event) {}) })
	err := do(ctx)
	stop()
	return errors.Join(err, group.Wait())
}
