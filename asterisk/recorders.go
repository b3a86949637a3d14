package asterisk

import (
	"context"

	"recgate/recording"
)

// The recorders, as the configuration and a recording's row name them.
const (
	Auto       = "auto"
	MixMonitor = "mixmonitor"
	Monitor    = "monitor"
)

// recorder is one of the two ways in which Asterisk records.
type recorder interface {
	// name is the name in the configuration.
	name() string
	// start begins a recording of c and returns what stops it. An error is one of
	// the client, or a *recording.Error.
	start(ctx context.Context, c recording.Channel, id recording.ID) (handle string, err error)
	// stop ends it; the channel is named by its present unique id.
	stop(ctx context.Context, uniqueID string, r recording.Recording) error
	// tracks are the files that it writes; the first one is there as soon as
	// the recording is.
	tracks(c recording.Channel, id recording.ID) []recording.Track
	// reclaim finds out whether a recording of which only the row is left
	// runs, and what stops it. seen says whether its first file is there.
	reclaim(ctx context.Context, uniqueID string, r recording.Recording, seen bool) (handle string, runs bool, err error)
}

// recorders is what both ways need, and the choice between them.
type recorders struct {
	account   account
	wanted    string // by the configuration
	folder    string // of the recordings, as Asterisk sees it
	server    *server
	table     *Table
	confirmed confirmed
	monitored *monitored
}

// both are the recorders, the preferred one first.
func (r *recorders) both() []recorder { return []recorder{mixMonitor{r}, monitor{r}} }

// choose returns the recorder to use, or says why there is none.
func (r *recorders) choose(have rights) (recorder, error) {
	a := r.account
	mix, legs := have.all("MixMonitor", "StopMixMonitor"), have.all("Monitor", "StopMonitor")
	switch {
	case have.hasNot(wavModule):
		return nil, a.notLoaded(wavModule)
	case mix && r.wanted != Monitor:
		return mixMonitor{r}, nil
	case legs && r.wanted != MixMonitor:
		return monitor{r}, nil
	case r.wanted != Monitor && have.hasNot(mixModule):
		return nil, a.notLoaded(mixModule)
	case r.wanted == Monitor && have.hasNot(monitorModule):
		return nil, a.unavailable(nil, "the PBX %q has not loaded the module %q, which contains Monitor; Asterisk 21 and newer have no Monitor: use recorder: mixmonitor", a.pbx, monitorModule)
	case r.wanted == MixMonitor:
		return nil, a.unavailable(nil, "%s; app_mixmonitor must be loaded", a.lacks("MixMonitor"))
	case r.wanted == Monitor:
		return nil, a.unavailable(nil, "%s; Asterisk 21 and newer have no Monitor: use recorder: mixmonitor", a.lacks("Monitor"))
	}
	return nil, a.unavailable(nil, "%s (or %q for Monitor, up to Asterisk 20)", a.lacks("MixMonitor"), writeClass["Monitor"])
}

// present returns the recorder to use in the present login.
func (r *recorders) present(ctx context.Context) (recorder, error) {
	if err := r.server.session.await(ctx); err != nil {
		return nil, err
	}
	return r.choose(r.server.session.allowed())
}

// reason says in words why a recorder was chosen.
func (r *recorders) reason(chosen recorder, have rights) string {
	switch {
	case r.wanted == Auto && have.hasNot(mixModule):
		return "auto: " + recording.Message(r.account.notLoaded(mixModule))
	case r.wanted != Auto:
		return "configured"
	case chosen.name() == MixMonitor:
		return "auto: it exists and this user may use it"
	}
	return "auto: " + recording.Message(r.account.unavailable(nil, "%s", r.account.lacks("MixMonitor")))
}
