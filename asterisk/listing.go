package asterisk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// How often the channels are listed although nothing asks for it.
const (
	// auditQuiet, as long as the login has heard no event: a user without the
	// read class "call" hears none, ever.
	auditQuiet  = 3 * time.Second
	auditCalm   = 5 * time.Minute // later on: to heal whatever was missed
	retryAfter  = time.Second     // after a listing that failed or an event that made no sense
	retryLatest = time.Minute     // after many that were too large: each time twice as long
)

// list asks for all channels, and first for the rights if they are not known.
func (u *updater) list(ctx context.Context) {
	if !u.up {
		return
	}
	u.round++
	u.asking, u.hasty, u.more = true, false, false
	u.nextListing.Stop()
	u.relisting.begin()
	u.table.Begin()
	round, known := u.round, u.known
	u.work.Go(func() {
		r := u.askForChannels(ctx, known)
		r.round = round
		u.send(ctx, r)
	})
}

// relist has the channels listed for one who misses a channel.
func (u *updater) relist(ctx context.Context) {
	switch wait := u.relisting.untilNext(); {
	case !u.up:
		u.relisting.giveUp()
	case u.asking:
		u.more = true
	case wait > 0:
		u.hasty = true
		u.nextListing.Reset(wait)
	default:
		u.list(ctx)
	}
}

// listSoon has the channels listed before long.
func (u *updater) listSoon() {
	if u.up && !u.asking && !u.hasty {
		u.hasty = true
		u.nextListing.Reset(retryAfter)
	}
}

// askForChannels asks the PBX. An error that is a *recording.Error is about rights.
func (u *updater) askForChannels(ctx context.Context, known bool) (r result) {
	have := u.session.allowed()
	if !known {
		if r.rights, r.err = u.server.askRights(ctx, u.recorders.wanted == Monitor); r.err != nil {
			return r
		}
		have = r.rights
	}
	action := have.listing()
	if action == "" {
		r.err = u.account.mayNotList()
		return r
	}
	if _, doubtful, _ := u.table.Missed(u.now()); doubtful {
		_ = u.server.Mark(ctx) // so that events which wait here are not missed by the verdict
	}
	r.rows, r.err = u.server.List(ctx, ami.NewAction(action))
	return r
}

// takeListing takes what a listing brought. Only a table that was not in step,
// or that turned out to be wrong, is told as up.
func (u *updater) takeListing(ctx context.Context, r result) {
	if r.round != u.round {
		return
	}
	u.asking = false
	if r.rights != nil {
		u.known = true
		if err := u.learn(r.rights); err != nil {
			u.planLogin(renewAfter)
		}
		u.askAgainIfBooting(r.rights)
	}
	if r.err != nil {
		u.takeFailure(r.err)
		return
	}
	now := u.now()
	u.retryPause = 0
	differs := u.table.Complete(r.rows, now)
	u.forgetGone()
	u.judge(differs, now)
	if u.isBack() || differs && u.deaf == nil {
		u.tell(recording.Event{Kind: recording.PBXUp, PBX: u.Name(), At: now})
	}
	u.relisting.end()
	if u.more {
		u.relist(ctx)
	}
}

// takeFailure takes the error of a listing.
func (u *updater) takeFailure(err error) {
	var known *recording.Error
	if errors.As(err, &known) { // a right is missing: only another login helps
		u.planLogin(renewAfter)
		u.log.Error("channels cannot be listed", slog.Any("err", err))
		u.session.set(false, err)
		return
	}
	if !errors.Is(err, ami.ErrTooMany) {
		u.log.Warn("channels not listed", slog.Any("err", err))
		u.nextListing.Reset(retryAfter)
		return
	}
	if u.retryPause == 0 { // once is enough: it goes on
		u.log.Error("channels not listed", slog.Any("err", err))
	}
	u.retryPause = min(max(2*u.retryPause, retryAfter), retryLatest)
	u.nextListing.Reset(u.retryPause)
	if !u.session.isReady() { // else events keep the table, as they did before
		u.session.set(false, u.account.tooMany(err))
	}
}

// isBack notes that the table is complete, unless the login is deaf, and
// reports whether it was not in step before.
func (u *updater) isBack() bool {
	was := u.session.isReady()
	switch {
	case u.deaf != nil:
		if was {
			u.log.Error("events are missing", slog.Any("err", u.deaf))
		}
		u.session.set(false, u.deaf)
		return false
	case was:
		return false
	}
	u.session.set(true, nil)
	return true
}

// forgetGone drops what is kept of channels that do not live any more.
func (u *updater) forgetGone() {
	lives := func(id string) bool { _, ok := u.table.Get(id); return ok }
	u.recorders.monitored.keepOnly(lives)
	u.pickups.keepOnly(lives)
}

// judge finds out whether this login hears all events. It hears none when
// channels came or went and another round later there has still been no event
// at all; and not all when one came or went without an event. It also sets the
// timer for the next round.
func (u *updater) judge(differs bool, now time.Time) {
	silent := !u.session.hasHeard()
	missed, doubtful, proved := u.table.Missed(now.Add(-missedAfter))
	switch {
	case silent && u.suspect:
		u.deaf, u.partly = u.account.noEvents(), false
	case !silent && missed != "":
		u.deaf, u.partly = u.account.missingEvents(missed), true
	case u.partly && !proved: // as before, also after another login
	default:
		u.clearDeaf()
	}
	if u.deaf != nil {
		u.planLogin(renewAfter)
	}
	u.suspect = u.suspect || silent && differs && u.session.isReady() // the first listing always differs
	u.nextListing.Reset(auditCalm)
	if silent || doubtful || u.deaf != nil {
		u.nextListing.Reset(auditQuiet)
	}
}

// clearDeaf notes that all events are heard, if they were not before.
func (u *updater) clearDeaf() {
	if u.deaf == nil {
		return
	}
	u.deaf, u.partly = nil, false
	if _, err := u.recorders.choose(u.session.allowed()); err == nil {
		u.cancelLogin()
	}
}
