package asterisk

import (
	"context"

	"recgate/ami"
	"recgate/recording"
)

// The recorders, as the configuration and a recording's row name them.
const (
	Auto       = "auto"
	MixMonitor = "mixmonitor"
	Monitor    = "monitor"
)

// rights are the actions that exist on the PBX and that this user may use:
// the answer of ListCommands, which needs no right itself. Under the names of
// modules they say whether those are loaded, as far as that may be asked.
type rights map[string]bool

func (r rights) all(actions ...string) bool {
	for _, a := range actions {
		if !r[a] {
			return false
		}
	}
	return true
}

// listing returns the action that lists all channels, or "".
func (r rights) listing() string {
	for _, action := range []string{"CoreShowChannels", "Status"} {
		if r[action] {
			return action
		}
	}
	return ""
}

// askRights asks what may be asked.
func (p *PBX) askRights(ctx context.Context) (rights, error) {
	answer, err := p.server.Do(ctx, ami.NewAction("ListCommands"))
	if err != nil {
		return nil, err
	}
	r := make(rights, len(answer))
	for _, h := range answer {
		r[h.Name] = true
	}
	return r, p.askModules(ctx, r)
}

// choose returns the recorder to use, or says why there is none.
func (p *PBX) choose(r rights) (recorder, error) {
	mix, legs := r.all("MixMonitor", "StopMixMonitor"), r.all("Monitor", "StopMonitor")
	switch {
	case r.hasNot(wavModule):
		return nil, p.notLoaded(wavModule)
	case mix && p.wanted != Monitor:
		return mixMonitor{p}, nil
	case legs && p.wanted != MixMonitor:
		return monitor{p}, nil
	case p.wanted != Monitor && r.hasNot(mixModule):
		return nil, p.notLoaded(mixModule)
	case p.wanted == Monitor && r.hasNot(monitorModule):
		return nil, p.unavailable(nil, "the PBX %q has not loaded the module %q, which contains Monitor; Asterisk 21 and newer have no Monitor: use recorder: mixmonitor", p.name, monitorModule)
	case p.wanted == MixMonitor:
		return nil, p.unavailable(nil, "%s; app_mixmonitor must be loaded", p.lacks("MixMonitor"))
	case p.wanted == Monitor:
		return nil, p.unavailable(nil, "%s; Asterisk 21 and newer have no Monitor: use recorder: mixmonitor", p.lacks("Monitor"))
	}
	return nil, p.unavailable(nil, "%s (or %q for Monitor, up to Asterisk 20)", p.lacks("MixMonitor"), writeClass["Monitor"])
}

// recorder is one of the two ways in which Asterisk records.
type recorder interface {
	// name is that of the configuration.
	name() string
	// start begins a recording of c and returns what stops it. Errors are
	// those of the connection or *recording.Error.
	start(ctx context.Context, c recording.Channel, id recording.ID) (handle string, err error)
	// stop ends it; the channel is named by its present unique id.
	stop(ctx context.Context, uniqueID string, r recording.Recording) error
	// tracks are the files that it writes; the first one is there as soon as
	// the recording is.
	tracks(c recording.Channel, id recording.ID) []recording.Track
	// reclaim finds out whether a recording of which only the row is left
	// runs, and what stops it. seen says whether its first file is there.
	reclaim(ctx context.Context, uniqueID string, r recording.Recording, seen bool) (handle string, is standing, err error)
}

// standing is how a recording stands on the PBX.
type standing bool

const (
	runs standing = true
	over standing = false // or never begun
)
