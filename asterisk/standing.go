package asterisk

import (
	"context"
	"log/slog"

	"recgate/ami"
	"recgate/recording"
)

// login begins a new login: nothing is known of it yet.
func (p *PBX) login(version string) {
	p.books.loggedIn()
	p.mu.Lock()
	p.version, p.rights, p.heard = version, nil, false
	p.mu.Unlock()
	p.set(false, nil)
}

// learn takes the rights of a login. An error says that nothing can be recorded
// with them.
func (p *PBX) learn(r rights) error {
	p.mu.Lock()
	p.rights = r
	p.mu.Unlock()
	chosen, err := p.choose(r)
	if err != nil {
		p.log.Error("recording is not possible", slog.Any("err", err))
		return err
	}
	p.log.Info("recorder chosen", slog.String("recorder", chosen.name()), slog.String("configured", p.wanted))
	return nil
}

// CanRecord returns nil when a recording could be started: the channels are
// known, there is a recorder that the user may use, and the folder of the
// recordings can be read. Else it is Unavailable and says what is missing.
func (p *PBX) CanRecord(ctx context.Context) error {
	if _, err := p.recorder(ctx); err != nil {
		return err
	}
	return p.spool.readable()
}

// listed notes that the table is complete, unless the login is deaf, and
// tells whether it was not in step before.
func (p *PBX) listed(deaf error) (news bool) {
	if deaf != nil {
		if p.inStep() {
			p.log.Error("events are missing", slog.Any("err", deaf))
		}
		p.set(false, deaf)
		return false
	}
	if p.inStep() {
		return false
	}
	p.set(true, nil)
	return true
}

func (p *PBX) deafness() error {
	return p.unavailable(nil, "the PBX %q sends no events: add \"call\" to the read line of the user %q in manager.conf, remove its eventfilter lines, and reload: recgate notices it within 15 s", p.name, p.user)
}

func (p *PBX) tooMany(cause error) error {
	return p.unavailable(cause, "the PBX %q lists more than %d channels, which is more than recgate can follow: check the number on its console (\"core show channels count\")", p.name, maxChannels)
}

// filtered is the trouble of a login that hears of some channels alone.
func (p *PBX) filtered(channel string) error {
	return p.unavailable(nil, "the PBX %q sends no events of some channels, such as %q: remove the eventfilter lines of the user %q in manager.conf, and reload: recgate notices it with the next call",
		p.name, ami.Shorten(channel), p.user)
}

func (p *PBX) inStep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready
}

// hear notes that an event of class call came.
func (p *PBX) hear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = true
}

func (p *PBX) hasHeard() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard
}

// follow keeps the books by an event, and tells whether it is for the core:
// a pickup takes a MixMonitor along and ends a Monitor.
func (p *PBX) follow(e recording.Event) (news bool) {
	switch e.Kind {
	case recording.ChannelHungUp:
		p.books.forget(e.Channel.UniqueID)
		p.mu.Lock()
		defer p.mu.Unlock()
		for from, to := range p.moves {
			if to == e.Channel.UniqueID {
				delete(p.moves, from)
			}
		}
	case recording.RecordingMoved:
		p.mu.Lock()
		defer p.mu.Unlock()
		chosen, err := p.choose(p.rights)
		if err != nil || chosen.name() != MixMonitor {
			return false
		}
		p.moves[e.Channel.UniqueID] = e.To.UniqueID
	}
	return true
}

// forgetGone drops what is kept of channels that do not live any more.
func (p *PBX) forgetGone() {
	lives := func(id string) bool { _, ok := p.table.Get(id); return ok }
	p.books.keep(lives)
	p.mu.Lock()
	defer p.mu.Unlock()
	for from, to := range p.moves {
		if !lives(to) {
			delete(p.moves, from)
		}
	}
}
