package asterisk

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// renewAfter is how often recgate logs in again when the rights of a login are
// not enough. Asterisk gives rights at the login, so only another login shows
// whether somebody has corrected manager.conf.
const renewAfter = 15 * time.Second

// Run implements recording.Events.
func (p *PBX) Run(ctx context.Context, tell func(recording.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	u := &updater{
		PBX: p, tell: tell, signals: make(chan ami.Signal), results: make(chan result),
		nextListing: stoppedTimer(), nextLogin: stoppedTimer(), nextRights: stoppedTimer(),
	}
	var err error
	u.work.Go(func() {
		defer cancel()
		err = p.conn.Run(ctx, func(s ami.Signal) {
			select {
			case u.signals <- s:
			case <-ctx.Done():
			}
		})
	})
	u.loop(ctx)
	u.work.Wait()
	p.session.set(false, p.account.fault(ami.NotConnected(ami.ErrStopped)))
	return err
}

// stoppedTimer returns a timer that does not run.
func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// updater keeps the table of one PBX in step. Its loop is the one goroutine
// that changes the table and tells events; listings are asked for beside it,
// so that events are taken meanwhile.
type updater struct {
	*PBX
	tell    func(recording.Event)
	signals chan ami.Signal
	results chan result
	work    sync.WaitGroup

	nextListing *time.Timer
	nextLogin   *time.Timer // runs while the rights of this login are not enough
	nextRights  *time.Timer // when the rights of this login are asked for again

	up          bool
	logins      int           // how many there were
	rightsPause time.Duration // before the rights are asked for again
	retryPause  time.Duration // before the next listing, while they are too large
	round       int           // counts listings; the results of all but the last are void
	asking      bool          // a listing is under way
	hasty       bool          // nextListing stands for a listing that is due soon
	known       bool          // the rights of this login are known
	suspect     bool          // channels came or went, and no event ever
	deaf        error         // the trouble of a login that hears no events, or not all; else nil
	partly      bool          // it hears some
	more        bool          // another listing is wanted after the one under way
	lacking     bool          // the rights of this login are not enough
	renewing    bool          // the next login is made for its rights
	renewedAt   time.Time
}

// result is what a listing brought, or what rights there are by now.
type result struct {
	login  int // the rights of this login were asked for again; 0: it is a listing
	round  int
	rights rights // of the first listing of a login, else nil
	rows   []ami.Message
	err    error
}

func (u *updater) loop(ctx context.Context) {
	defer u.nextListing.Stop()
	defer u.nextLogin.Stop()
	defer u.nextRights.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case s := <-u.signals:
			u.takeSignal(ctx, s)
		case r := <-u.results:
			if r.login > 0 {
				u.takeRights(ctx, r)
			} else {
				u.takeListing(ctx, r)
			}
		case <-u.nextRights.C:
			u.askRightsAgain(ctx)
		case <-u.nextListing.C:
			u.list(ctx)
		case <-u.relisting.wanted:
			u.relist(ctx)
		case <-u.nextLogin.C:
			u.renewLogin()
		case <-u.server.denied:
			u.planLogin(renewAfter - time.Since(u.renewedAt))
		}
	}
}

// send hands a result to the loop.
func (u *updater) send(ctx context.Context, r result) {
	select {
	case u.results <- r:
	case <-ctx.Done():
	}
}

// planLogin notes that the rights of the login are not enough, so that another
// one is made after a while.
func (u *updater) planLogin(wait time.Duration) {
	if !u.lacking {
		u.lacking = true
		u.nextLogin.Reset(max(wait, 0))
	}
}

// cancelLogin takes it back.
func (u *updater) cancelLogin() {
	u.lacking = false
	u.nextLogin.Stop()
}

// renewLogin has recgate log in again, as soon as nothing is under way.
func (u *updater) renewLogin() {
	switch {
	case !u.up: // it will
	case !u.conn.Renew():
		u.nextLogin.Reset(retryAfter)
	default:
		u.renewing, u.renewedAt = true, time.Now()
	}
}

func (u *updater) takeSignal(ctx context.Context, s ami.Signal) {
	switch s.Kind {
	case ami.SignalUp:
		u.beginLogin(s.Version)
		u.list(ctx)
	case ami.SignalDown:
		u.endLogin(s.Err)
	case ami.SignalDropped:
		u.log.Warn("events dropped, listing the channels again", slog.Int("dropped", s.Dropped))
		u.session.set(false, nil)
		u.table.StartOver()
		u.list(ctx)
	case ami.SignalEvent:
		u.takeEvent(ctx, s.Message)
	case ami.SignalMark:
		close(s.Mark)
	}
}

// beginLogin forgets what was known of the login before.
func (u *updater) beginLogin(version string) {
	u.up, u.known, u.rightsPause = true, false, askAgainFirst
	u.logins++
	if !u.renewing { // a login that was deaf is so until it hears something
		u.suspect, u.deaf, u.partly = false, nil, false
	}
	u.renewing = false
	u.cancelLogin()
	u.recorders.monitored.forgetEchoes()
	u.session.begin(version)
	u.table.StartOver()
}

// endLogin makes void what is still asked for, and tells the core of a loss.
func (u *updater) endLogin(reason error) {
	u.up = false
	u.round++
	u.asking = false
	u.nextListing.Stop()
	u.nextRights.Stop()
	u.logins++
	var fault error
	lost := !errors.Is(reason, ami.ErrAgain) // else callers wait meanwhile
	if lost {
		fault = u.account.fault(ami.NotConnected(reason))
	}
	u.session.set(false, fault)
	u.relisting.giveUp() // only now: who waits for a listing looks at the session next
	if !lost {
		return
	}
	u.tell(recording.Event{Kind: recording.PBXDown, PBX: u.Name(), At: u.now()})
}

// takeEvent brings one event into the table and tells what it means.
func (u *updater) takeEvent(ctx context.Context, m ami.Message) {
	if strings.HasPrefix(m.Get("Privilege"), "call") {
		u.session.noteEvent()
		if u.deaf != nil && !u.partly {
			u.clearDeaf()
			u.table.StartOver()
			u.list(ctx)
		}
	}
	now := u.now()
	var ended *recording.Event
	if id := m.Get("Uniqueid"); lower(m.Get("Event")) == "monitorstop" {
		if c, ok := u.table.Get(id); u.recorders.monitored.noteStop(id) && ok {
			ended = &recording.Event{Kind: recording.RecordingEnded, PBX: u.Name(), At: now, Channel: c}
		}
	}
	events, known := u.table.Apply(m, now)
	if !known {
		u.listSoon()
	}
	if ended != nil {
		events = append(events, *ended)
	}
	for _, e := range events {
		if u.isForCore(e) {
			u.tell(e)
		}
	}
}

// isForCore reports whether an event is told. It remembers pickups, which take a
// MixMonitor along and end a Monitor, and forgets channels that are gone.
func (u *updater) isForCore(e recording.Event) bool {
	switch e.Kind {
	case recording.ChannelHungUp:
		u.recorders.monitored.forget(e.Channel.UniqueID)
		u.pickups.forget(e.Channel.UniqueID)
	case recording.RecordingMoved:
		chosen, err := u.recorders.choose(u.session.allowed())
		if err != nil || chosen.name() != MixMonitor {
			return false
		}
		u.pickups.note(e.Channel.UniqueID, e.To.UniqueID)
	}
	return true
}
