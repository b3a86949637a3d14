package main

import (
	"time"

	"recgate/metrics"
	"recgate/recording"
)

// outcomes names the codes of the core for the metrics.
var outcomes = [recording.NumCodes]string{
	recording.Internal: "internal", recording.Invalid: "invalid", recording.Forbidden: "forbidden",
	recording.NotFound: "not_found", recording.Conflict: "conflict", recording.NotReady: "not_ready",
	recording.Unavailable: "unavailable",
}

// allOutcomes are those of every request: cut_off is a retrieval whose caller
// left, or whose archive failed, in the middle of the audio.
func allOutcomes() []string { return append(outcomes[:], "ok", "cut_off") }

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return outcomes[recording.CodeOf(err)]
}

// count keeps the metrics of what happens in the core.
func (g *gateway) count(h recording.Happening) {
	switch h.Kind {
	case recording.Started:
		g.metrics.Start(outcome(h.Err))
		g.trial.started(h.Err)
	case recording.Stopped:
		g.metrics.Stop(outcome(h.Err))
	case recording.Retrieved:
		g.metrics.Retrieval(outcome(h.Err))
	case recording.Settled:
		g.metrics.Settled(string(h.Recording.State))
	case recording.Retried:
		g.metrics.Retried()
	}
}

// watch adds the gauges that are asked when somebody looks at /metrics.
func (g *gateway) watch() {
	for _, p := range g.pbxs {
		g.metrics.WatchPBX(p.Name(), func() metrics.PBX { return metrics.PBX(p.Health()) })
	}
	g.metrics.WatchRecordings(metrics.Recordings{
		Open:  func() int { return g.service.Figures().Open() },
		Queue: g.service.Waiting,
		Age:   func() time.Duration { return g.service.Figures().Longest },
	})
	g.watchLedger()
}
