package asterisk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"recgate/ami"
)

const (
	// checkLimit is how long Check may take.
	checkLimit = 6 * time.Second
	// actionsWait is how long it waits for the connections for actions: a little
	// longer than Asterisk takes to refuse a login.
	actionsWait = 1500 * time.Millisecond
)

// CheckSpool finds out whether the mount is there, can be read, and lets
// files be deleted. Its error is for the operator and names the folder.
func (p *PBX) CheckSpool() error { return p.spool.probe() }

// Check says step by step what the PBX allows. It needs Run to be at work, and
// waits for the first attempt to log in, and for the first listing. It ends at
// the first thing that serve would fail on.
//
// No action shows whether the user reads class call without needing a right of
// its own or touching a call, so only the first event proves that. A login in
// which channels come and go without any event is an error.
func (p *PBX) Check(ctx context.Context, said func(step, detail string, err error)) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	err := p.session.awaitAttempt(ctx)
	have, version := p.session.allowed(), p.session.greeting()
	if version == "" {
		said("login", "", err)
		return
	}
	release := ""
	if err == nil {
		release, err = p.release(ctx, have)
	}
	said("login", fmt.Sprintf("%s as %s (%s%s)", p.account.address, p.account.user, version, release), nil)
	var chosen recorder
	if err == nil {
		chosen, err = p.recorders.choose(have)
	}
	said("rights", inWords(have, chosen), nil)
	if err != nil {
		said("recorder", "", err)
		return
	}
	said("modules", modules(have), nil)
	said("recorder", fmt.Sprintf("%s (%s)", chosen.name(), p.recorders.reason(chosen, have)), nil)
	said("connections", connections(awaitActions(ctx, p.conn)), nil)
	said("channels", fmt.Sprintf("%d live, listed by %s; read class call: %s", p.table.Len(), have.listing(), proof(p.session.hasHeard())), nil)
}

// release is the version of the server, behind a comma; empty where it may not
// be asked.
func (p *PBX) release(ctx context.Context, have rights) (string, error) {
	if !have["CoreSettings"] {
		return "", nil
	}
	answer, err := p.server.do(ctx, ami.NewAction("CoreSettings"))
	if version := answer.Get("AsteriskVersion"); version != "" {
		return ", Asterisk " + version, nil
	}
	return "", p.account.fault(err)
}

// inWords lists what the account may do, and what it lacks with the class that
// would allow it.
func inWords(have rights, chosen recorder) string {
	var may, lacks []string
	for _, action := range []string{"MixMonitor", "StopMixMonitor", "Monitor", "StopMonitor", "CoreShowChannels", "Status", "Getvar", "CoreSettings"} {
		switch {
		case have[action]:
			may = append(may, action)
		case chosen != nil && chosen.name() == MixMonitor && (action == "Monitor" || action == "StopMonitor"):
			// what records is another one
		default:
			lacks = append(lacks, fmt.Sprintf("%s (%s)", action, writeClass[action]))
		}
	}
	if len(may) == 0 {
		may = []string{"none of the actions that recgate needs"}
	}
	text := "may " + strings.Join(may, ", ")
	if len(lacks) > 0 {
		text += "; missing or not allowed (write class): " + strings.Join(lacks, ", ")
	}
	return text
}

// proof says whether the read class "call" is confirmed.
func proof(heard bool) string {
	if heard {
		return "confirmed: events of class call arrive"
	}
	return "not confirmed: no call began or ended since the login; make a call while this check runs, or watch the first minutes of serve"
}

// connections says how many connections for actions there are. Too few are not a
// failure: recordings are made all the same, and delay each other.
func connections(up, wanted int) string {
	if wanted == 0 {
		return "one for events and actions"
	}
	text := fmt.Sprintf("one for events, %d of %d for actions", up, wanted)
	if up < wanted {
		text += "; starts and stops will wait for each other: write allowmultiplelogin = yes in the section of this user in manager.conf, and reload, or set action_connections: 0 if one is enough"
	}
	return text
}

// modules says in words what is known of the module that writes WAV.
func modules(have rights) string {
	loaded, known := have[wavModule]
	switch {
	case !known:
		return "unknown whether " + wavModule + " is loaded: ModuleCheck needs write class system; the first start will show it"
	case !loaded:
		return wavModule + " is not loaded"
	}
	return wavModule + " is loaded"
}

// awaitActions waits a little for the connections for actions, which log in after
// the event connection, and returns how many are up and how many should be.
func awaitActions(ctx context.Context, conn connection) (up, wanted int) {
	ctx, cancel := context.WithTimeout(ctx, actionsWait)
	defer cancel()
	tick := time.NewTicker(actionsWait / 100)
	defer tick.Stop()
	for {
		s := conn.Stats()
		if s.Actions >= s.Wanted || ctx.Err() != nil {
			return s.Actions, s.Wanted
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
