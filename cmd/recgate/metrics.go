package main

import (
	"math"
	"time"

	"recgate/httpd"
	"recgate/metrics"
	"recgate/recording"
)

// count counts what happens in the core.
func (g *gateway) count(h recording.Happening) {
	switch h.Kind {
	case recording.Started:
		g.metrics.CountStart(httpd.Outcome(h.Err))
		g.trial.noteStart(h.Err)
	case recording.Stopped:
		g.metrics.CountStop(httpd.Outcome(h.Err))
	case recording.Retrieved:
		g.metrics.CountRetrieval(httpd.Outcome(h.Err))
	case recording.Settled:
		g.metrics.CountSettled(string(h.Recording.State), string(h.Recording.Reason.Code))
	case recording.Retried:
		g.metrics.CountRetried()
	}
}

// addGauges adds the gauges, whose functions are called when somebody reads /metrics.
func (g *gateway) addGauges() {
	for _, p := range g.pbxs {
		g.metrics.WatchPBX(p.Name, func() metrics.PBX { return metrics.PBX(p.Health()) })
	}
	for _, code := range recording.ReasonCodes() {
		for _, state := range recording.States() {
			if state.Final() && code.In(state) {
				g.metrics.AddReason(string(state), string(code))
			}
		}
	}
	g.metrics.WatchRecordings(metrics.Recordings{
		Open:  func() int { return g.core.book.Figures().Open() },
		Queue: g.core.collector.Waiting,
		Age:   func() time.Duration { return g.core.book.Figures().Longest },
	})
	g.addLedgerGauges()
}

// addLedgerGauges adds the gauges of records, files and disks.
func (g *gateway) addLedgerGauges() {
	var states []string
	for _, state := range recording.States() {
		if !state.Final() {
			states = append(states, string(state))
		}
	}
	g.metrics.WatchLedger(metrics.Ledger{
		States:  states,
		InState: func(state string) int { return g.core.book.Figures().InState[recording.State(state)] },
		Stalled: func() int { return g.core.book.Figures().Stalled },
		Orphans: func() (spool, archive int) {
			n := g.core.ledger.Orphans()
			return n.Spool, n.Archive
		},
		Missing: func() int { return g.core.ledger.Orphans().Missing },
	})
	for i, l := range g.disks.Levels() {
		g.metrics.WatchDisk(l.Name, func() metrics.Disk {
			now := g.disks.Levels()[i]
			if now.Err != nil {
				return metrics.Disk{Used: math.NaN(), Free: math.NaN(), DaysLeft: math.NaN()}
			}
			return metrics.Disk{Used: now.Ratio(), Free: float64(now.Free), DaysLeft: now.DaysLeft}
		})
	}
}
