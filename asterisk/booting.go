package asterisk

import (
	"context"
	"log/slog"
	"maps"
	"time"
)

// Asterisk lets us in while it still begins, and an action is there as soon as
// its module is loaded: right after a restart MixMonitor may be missing, with
// or without Monitor in its place. A user who may not read the class "system" is
// not told when all is there (the event FullyBooted). So as long as something
// useful is missing, the rights are asked for again in the same login: after
// askAgainFirst, then after twice as long each time, and not any more after
// askAgainLast. What is missing by then is a right, or a module that is not
// loaded at all.
const (
	askAgainFirst = 250 * time.Millisecond
	askAgainLast  = 16 * time.Second
)

// isWhole reports whether more rights would be of no use.
func (r *recorders) isWhole(have rights) bool {
	chosen, err := r.choose(have)
	return err == nil && (chosen.name() == MixMonitor || r.wanted == Monitor) && have.listing() == "CoreShowChannels" && have["Getvar"]
}

// learn takes the rights of a login. An error says that nothing can be recorded
// with them.
func (u *updater) learn(r rights) error {
	u.session.allow(r)
	chosen, err := u.recorders.choose(r)
	if err != nil {
		u.log.Error("recording is not possible", slog.Any("err", err))
		return err
	}
	u.log.Info("recorder chosen", slog.String("recorder", chosen.name()), slog.String("configured", u.recorders.wanted))
	return nil
}

// askAgainIfBooting has the rights of a login asked for again if more of them
// would be of use.
func (u *updater) askAgainIfBooting(r rights) {
	if u.rightsPause > askAgainLast || u.recorders.isWhole(r) {
		return
	}
	u.nextRights.Reset(u.rightsPause)
	u.rightsPause *= 2
}

// askRightsAgain asks for the rights of this login again.
func (u *updater) askRightsAgain(ctx context.Context) {
	login := u.logins
	u.work.Go(func() {
		r := result{login: login}
		r.rights, r.err = u.server.askRights(ctx, u.recorders.wanted == Monitor)
		u.send(ctx, r)
	})
}

// takeRights takes the rights that were asked for again. More of them may be
// what was missing.
func (u *updater) takeRights(ctx context.Context, r result) {
	if r.login != u.logins || r.err != nil {
		return // of a login that is over: the next one asks
	}
	had := u.session.allowed()
	u.askAgainIfBooting(r.rights)
	if maps.Equal(had, r.rights) {
		return
	}
	if err := u.learn(r.rights); err == nil && r.rights.listing() != "" && u.deaf == nil {
		u.cancelLogin()
	}
	if had.listing() != r.rights.listing() {
		u.list(ctx)
	}
}
