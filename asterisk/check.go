package asterisk

import (
	"context"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// actionsWait is how long Check waits for the connections for actions: a little
// longer than Asterisk takes to refuse a login.
const actionsWait = 1500 * time.Millisecond

// Report is what recgate needs to know of a PBX before it can serve it.
type Report struct {
	Version  string // greeting, e.g. "Asterisk Call Manager/5.0.4"
	Asterisk string // version of the server; empty where CoreSettings is not allowed
	System   string // system name, with which unique ids begin; mostly empty
	Recorder string // MixMonitor or Monitor; empty when there is none
	Why      string // why this recorder
	Actions  []ActionRight
	Modules  string // whether WAV can be written
	Listing  string // the action that lists the channels
	Channels int    // how many are live
	Events   string // whether the read class "call" is proved

	ActionConnections, Wanted int // connections for actions that are up, and that there should be
}

// ActionRight tells whether one action exists and may be used.
type ActionRight struct {
	Action  string
	Class   string // that it needs on the write line of manager.conf
	Allowed bool
}

// Check says what the PBX allows. It needs Run to be at work, and waits for
// the login and the first listing until ctx ends. The error is that of the
// first thing that serve would fail on; the report holds what is known by then.
//
// No action tells whether the user reads class call without needing a right
// of its own or touching a call, so that is proved by the first event only. A
// login in which channels come and go without any event is told as an error.
func (p *PBX) Check(ctx context.Context) (Report, error) {
	err := p.await(ctx)
	p.mu.Lock()
	have, report := p.rights, Report{Version: p.version}
	p.mu.Unlock()
	for _, action := range []string{"MixMonitor", "StopMixMonitor", "Monitor", "StopMonitor", "CoreShowChannels", "Status", "Getvar", "CoreSettings"} {
		report.Actions = append(report.Actions, ActionRight{action, writeClass[action], have[action]})
	}
	report.Modules = modules(have)
	if err != nil {
		return report, err
	}
	report.Listing, report.Channels = have.listing(), p.table.Len()
	report.Events = "not proved: no call has come or gone since the login; make one call while this runs, or trust the first minutes of serve"
	if p.hasHeard() {
		report.Events = "proved: events of class call come"
	}
	if have["CoreSettings"] {
		answer, err := p.do(ctx, ami.NewAction("CoreSettings"))
		if err != nil {
			return report, p.fault(err)
		}
		report.Asterisk, report.System = answer.Get("AsteriskVersion"), answer.Get("SystemName")
	}
	r, err := p.choose(have)
	if err != nil {
		return report, err
	}
	report.Recorder, report.Why = r.name(), p.why(r, have)
	report.ActionConnections, report.Wanted = p.awaitActions(ctx)
	return report, nil
}

// modules says in words what is known of the module that writes WAV.
func modules(have rights) string {
	loaded, known := have[wavModule]
	switch {
	case !known:
		return "not known whether " + wavModule + " is loaded: ModuleCheck needs write class system; the first start shows it"
	case !loaded:
		return wavModule + " is not loaded"
	}
	return wavModule + " is loaded"
}

// awaitActions waits a little for the connections for actions, which log in
// after that of the events, and returns how many are up and how many should be.
func (p *PBX) awaitActions(ctx context.Context) (up, wanted int) {
	ctx, cancel := context.WithTimeout(ctx, actionsWait)
	defer cancel()
	tick := time.NewTicker(actionsWait / 100)
	defer tick.Stop()
	for {
		s := p.conn.Stats()
		if s.Actions >= s.Wanted || ctx.Err() != nil {
			return s.Actions, s.Wanted
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// why says in words why a recorder was chosen.
func (p *PBX) why(r recorder, have rights) string {
	switch {
	case p.wanted == Auto && have.hasNot(mixModule):
		return "auto: " + recording.Message(p.notLoaded(mixModule))
	case p.wanted != Auto:
		return "configured"
	case r.name() == MixMonitor:
		return "auto: it exists and this user may use it"
	}
	return "auto: " + recording.Message(p.unavailable(nil, "%s", p.lacks("MixMonitor")))
}
