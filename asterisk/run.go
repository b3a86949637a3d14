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

// How often the channels are listed although nothing asks for it.
const (
	// auditQuiet, as long as the login has heard no event: a user without the
	// read class "call" hears none, ever.
	auditQuiet  = 3 * time.Second
	auditCalm   = 5 * time.Minute // later on: to heal whatever was missed
	retryAfter  = time.Second     // after a listing that failed or an event that made no sense
	retryLatest = time.Minute     // after many that were too large: each time twice as long
	// renewAfter is how often a login is made anew whose rights do not
	// suffice: Asterisk gives rights at the login, so it alone can tell
	// whether somebody has mended manager.conf.
	renewAfter = 15 * time.Second
)

// Run implements recording.PBX.
func (p *PBX) Run(ctx context.Context, tell func(recording.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k := &keeper{
		p: p, tell: tell, signals: make(chan ami.Signal), results: make(chan listed),
		timer: stopped(), renewal: stopped(), again: stopped(),
	}
	var err error
	k.work.Go(func() {
		defer cancel()
		err = p.conn.Run(ctx, func(s ami.Signal) {
			select {
			case k.signals <- s:
			case <-ctx.Done():
			}
		})
	})
	k.loop(ctx)
	k.work.Wait()
	p.set(false, p.fault(ami.NotConnected(ami.ErrStopped)))
	return err
}

// stopped returns a timer that does not run.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// keeper keeps the table of one PBX in step. Its loop is the one goroutine
// that changes the table and tells events; listings are asked for beside it,
// so that events are taken meanwhile.
type keeper struct {
	p       *PBX
	tell    func(recording.Event)
	signals chan ami.Signal
	results chan listed
	timer   *time.Timer // the next listing
	renewal *time.Timer // the next login
	again   *time.Timer // the next time that the rights of this login are asked for
	work    sync.WaitGroup

	up      bool
	login   int           // counts logins
	pause   time.Duration // before the rights are asked for again
	retry   time.Duration // before the next listing, while they are too large
	round   int           // counts listings; the results of all but the last are void
	asking  bool          // a listing is under way
	hasty   bool          // the timer stands for a listing that is due soon
	known   bool          // the rights of this login are known
	suspect bool          // channels came or went, and no event ever
	deaf    error         // so it was again: this login hears no events, or not all; else nil
	partly  bool          // it hears some
	more    bool          // another listing is wanted after the one under way
	lacks   bool          // the rights of this login do not suffice: the timer renewal runs
	renews  bool          // the next login is made for its rights
	renewed time.Time
}

// listed is what a listing brought, or what rights there are by now.
type listed struct {
	login  int // the rights of this login were asked for again; 0: it is a listing
	round  int
	rights rights // of the first listing of a login, else nil
	rows   []ami.Message
	err    error
}

func (k *keeper) loop(ctx context.Context) {
	defer k.timer.Stop()
	defer k.renewal.Stop()
	defer k.again.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case s := <-k.signals:
			k.signal(ctx, s)
		case r := <-k.results:
			if r.login > 0 {
				k.learnMore(ctx, r)
			} else {
				k.result(ctx, r)
			}
		case <-k.again.C:
			k.askAgain(ctx)
		case <-k.timer.C:
			k.list(ctx)
		case <-k.p.relisting.wanted:
			k.relist(ctx)
		case <-k.renewal.C:
			k.renew()
		case <-k.p.denied:
			k.lack(renewAfter - time.Since(k.renewed))
		}
	}
}

// lack notes that the rights of the login do not suffice, so that another one
// is made after a while.
func (k *keeper) lack(wait time.Duration) {
	if !k.lacks {
		k.lacks = true
		k.renewal.Reset(max(wait, 0))
	}
}

// suffice takes it back.
func (k *keeper) suffice() {
	k.lacks = false
	k.renewal.Stop()
}

// renew has the PBX logged in to anew, as soon as nothing is under way.
func (k *keeper) renew() {
	switch {
	case !k.up: // it will be
	case !k.p.conn.Renew():
		k.renewal.Reset(retryAfter)
	default:
		k.renews, k.renewed = true, time.Now()
	}
}

func (k *keeper) signal(ctx context.Context, s ami.Signal) {
	switch s.Kind {
	case ami.SignalUp:
		k.up, k.known, k.pause = true, false, askAgainFirst
		k.login++
		if !k.renews { // a login that was deaf is so until it hears something
			k.suspect, k.deaf, k.partly = false, nil, false
		}
		k.renews = false
		k.suffice()
		k.p.login(s.Version)
		k.p.table.StartOver()
		k.list(ctx)
	case ami.SignalDown:
		k.up = false
		k.p.relisting.giveUp()
		k.round++ // a listing that is under way is void
		k.asking = false
		k.timer.Stop()
		k.again.Stop()
		k.login++                           // what was asked for in this one is void
		if errors.Is(s.Err, ami.ErrAgain) { // nothing is lost: whoever asks meanwhile waits
			k.p.set(false, nil)
			return
		}
		k.p.set(false, k.p.fault(ami.NotConnected(s.Err)))
		k.tell(recording.Event{Kind: recording.PBXDown, PBX: k.p.name, At: k.p.now()})
	case ami.SignalDropped:
		k.p.log.Warn("events dropped, listing the channels again", slog.Int("dropped", s.Dropped))
		k.p.set(false, nil)
		k.p.table.StartOver()
		k.list(ctx)
	case ami.SignalEvent:
		k.event(ctx, s.Message)
	case ami.SignalMark:
		close(s.Mark)
	}
}

// event brings one event into the table and tells what it means.
func (k *keeper) event(ctx context.Context, m ami.Message) {
	if strings.HasPrefix(m.Get("Privilege"), "call") {
		k.p.hear()
		if k.deaf != nil && !k.partly {
			k.hears()
			k.p.table.StartOver()
			k.list(ctx)
		}
	}
	now := k.p.now()
	name, id := lower(m.Get("Event")), m.Get("Uniqueid")
	var ended *recording.Event
	if name == "monitorstop" {
		if c, ok := k.p.table.Get(id); k.p.books.stop(id) && ok {
			ended = &recording.Event{Kind: recording.RecordingEnded, PBX: k.p.name, At: now, Channel: c}
		}
	}
	events, known := k.p.table.Apply(m, now)
	if !known {
		k.soon()
	}
	if ended != nil {
		events = append(events, *ended)
	}
	for _, e := range events {
		if k.p.follow(e) {
			k.tell(e)
		}
	}
}

// list asks for all channels, and first for the rights if they are not known.
func (k *keeper) list(ctx context.Context) {
	if !k.up {
		return
	}
	k.round++
	k.asking, k.hasty, k.more = true, false, false
	k.timer.Stop()
	k.p.relisting.begin()
	k.p.table.Begin()
	round, known := k.round, k.known
	k.work.Go(func() {
		r := k.p.list(ctx, known)
		r.round = round
		select {
		case k.results <- r:
		case <-ctx.Done():
		}
	})
}

// relist has the channels listed for one who misses a channel.
func (k *keeper) relist(ctx context.Context) {
	switch wait := k.p.relisting.untilNext(); {
	case !k.up:
		k.p.relisting.giveUp()
	case k.asking:
		k.more = true
	case wait > 0:
		k.hasty = true
		k.timer.Reset(wait)
	default:
		k.list(ctx)
	}
}

// soon has the channels listed before long.
func (k *keeper) soon() {
	if k.up && !k.asking && !k.hasty {
		k.hasty = true
		k.timer.Reset(retryAfter)
	}
}

// result takes what a listing brought. Only a table that was not in step, or
// that turned out to be wrong, is told as up.
func (k *keeper) result(ctx context.Context, r listed) {
	if r.round != k.round {
		return
	}
	k.asking = false
	if r.rights != nil {
		k.known = true
		if err := k.p.learn(r.rights); err != nil {
			k.lack(renewAfter)
		}
		k.maybeBooting(r.rights)
	}
	if r.err != nil {
		k.failed(r.err)
		return
	}
	now := k.p.now()
	k.retry = 0
	differs := k.p.table.Complete(r.rows, now)
	k.p.forgetGone()
	k.judge(differs, now)
	if k.p.listed(k.deaf) || differs && k.deaf == nil {
		k.tell(recording.Event{Kind: recording.PBXUp, PBX: k.p.name, At: now})
	}
	k.p.relisting.end()
	if k.more {
		k.relist(ctx)
	}
}

// judge finds out whether this login hears all events. It hears none when
// channels came or went and another round later there has still been no event
// at all; and not all when one came or went without an event. It also sets the
// timer for the next round.
func (k *keeper) judge(differs bool, now time.Time) {
	silent := !k.p.hasHeard()
	missed, doubtful, proved := k.p.table.Missed(now.Add(-missedAfter))
	switch {
	case silent && k.suspect:
		k.deaf, k.partly = k.p.deafness(), false
	case !silent && missed != "":
		k.deaf, k.partly = k.p.filtered(missed), true
	case k.partly && !proved: // as before, also after another login
	default:
		k.hears()
	}
	if k.deaf != nil {
		k.lack(renewAfter)
	}
	k.suspect = k.suspect || silent && differs && k.p.inStep() // the first listing always differs
	k.timer.Reset(auditCalm)
	if silent || doubtful || k.deaf != nil {
		k.timer.Reset(auditQuiet)
	}
}

// hears notes that nothing is wrong with the events, any more.
func (k *keeper) hears() {
	if k.deaf == nil {
		return
	}
	k.deaf, k.partly = nil, false
	k.p.mu.Lock()
	have := k.p.rights
	k.p.mu.Unlock()
	if _, err := k.p.choose(have); err == nil {
		k.suffice()
	}
}

// failed takes the error of a listing.
func (k *keeper) failed(err error) {
	var known *recording.Error
	if errors.As(err, &known) { // a right is missing: only another login helps
		k.lack(renewAfter)
		k.p.log.Error("channels cannot be listed", slog.Any("err", err))
		k.p.set(false, err)
		return
	}
	if !errors.Is(err, ami.ErrTooMany) {
		k.p.log.Warn("channels not listed", slog.Any("err", err))
		k.timer.Reset(retryAfter)
		return
	}
	if k.retry == 0 { // once is enough: it goes on
		k.p.log.Error("channels not listed", slog.Any("err", err))
	}
	k.retry = min(max(2*k.retry, retryAfter), retryLatest)
	k.timer.Reset(k.retry)
	if !k.p.inStep() { // else events keep the table, as they did before
		k.p.set(false, k.p.tooMany(err))
	}
}

// list asks the PBX. An error that is a *recording.Error is about rights.
func (p *PBX) list(ctx context.Context, known bool) (r listed) {
	var have rights
	if known {
		p.mu.Lock()
		have = p.rights
		p.mu.Unlock()
	} else {
		if r.rights, r.err = p.askRights(ctx); r.err != nil {
			return r
		}
		have = r.rights
	}
	action := have.listing()
	if action == "" {
		r.err = p.unavailable(nil, "%s (or %q for Status)", p.lacks("CoreShowChannels"), writeClass["Status"])
		return r
	}
	if _, doubtful, _ := p.table.Missed(p.now()); doubtful {
		_ = p.server.Mark(ctx) // so that events which wait here are not missed by the verdict
	}
	r.rows, r.err = p.server.List(ctx, ami.NewAction(action))
	return r
}
