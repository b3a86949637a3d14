package asterisk

import (
	"context"
	"maps"
	"time"
)

// Asterisk lets us in while it still begins, and an action is there as soon as
// its module is loaded: right after a restart MixMonitor may be missing, with
// or without Monitor in its place. Who may not read the class "system" is not
// told when all is there (the event FullyBooted). So as long as something is
// missing that would be of use, what there is is asked for again over the same
// login, after askAgainFirst, then after twice as long each time, and no more
// after askAgainLast. What is missing by then is a right, or a module that is
// not loaded at all.
const (
	askAgainFirst = 250 * time.Millisecond
	askAgainLast  = 16 * time.Second
)

// whole tells whether more rights would be of no use.
func (p *PBX) whole(r rights) bool {
	chosen, err := p.choose(r)
	return err == nil && (chosen.name() == MixMonitor || p.wanted == Monitor) && r.listing() == "CoreShowChannels" && r["Getvar"]
}

// maybeBooting has the rights of a login asked for again if they are not whole.
func (k *keeper) maybeBooting(r rights) {
	if k.pause > askAgainLast || k.p.whole(r) {
		return
	}
	k.again.Reset(k.pause)
	k.pause *= 2
}

// askAgain asks for the rights of this login again.
func (k *keeper) askAgain(ctx context.Context) {
	login := k.login
	k.work.Go(func() {
		r := listed{login: login}
		r.rights, r.err = k.p.askRights(ctx)
		select {
		case k.results <- r:
		case <-ctx.Done():
		}
	})
}

// learnMore takes the rights that were asked for again. More of them may be
// what was missing.
func (k *keeper) learnMore(ctx context.Context, r listed) {
	if r.login != k.login || r.err != nil {
		return // of a login that is over: the next one asks
	}
	k.p.mu.Lock()
	had := k.p.rights
	k.p.mu.Unlock()
	k.maybeBooting(r.rights)
	if maps.Equal(had, r.rights) {
		return
	}
	if err := k.p.learn(r.rights); err == nil && r.rights.listing() != "" && k.deaf == nil {
		k.suffice()
	}
	if had.listing() != r.rights.listing() {
		k.list(ctx)
	}
}
