package main

import (
	"time"

	"recgate/httpd"
	"recgate/metrics"
	"recgate/recording"
)

// count keeps the metrics of what happens in the core.
func (g *gateway) count(h recording.Happening) {
	switch h.Kind {
	case recording.Started:
		g.metrics.CountStart(httpd.Outcome(h.Err))
		g.trial.started(h.Err)
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

// watch adds the gauges that are asked when somebody looks at /metrics.
func (g *gateway) watch() {
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
	g.watchLedger()
}
