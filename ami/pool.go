package ami

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// Pool is all connections to one PBX: one hears events and lists channels, a
// few others take the actions on channels. Asterisk serves one action at a
// time per connection, so each of these has a hand, a goroutine that asks one
// action after the other; an action waits until a hand is free, and a slow one
// keeps one hand busy and delays nobody.
//
// Actions on one channel stay in order: the next one waits until the one
// before was answered, also when its caller has left; and when its connection
// was lost meanwhile, until the channel has settled. What may have arrived is
// never sent again.
type Pool struct {
	events *Client
	hands  []*hand // those of the action connections, then that of the events

	mu      sync.Mutex      // guards the fields below, and idle of the hands
	waiting []*errand       // the oldest first
	busy    map[string]bool // channels on which an action is under way
}

// NewPool makes the connections of one PBX and starts none.
func NewPool(o Options, actions int) *Pool {
	p := &Pool{events: New(o), busy: map[string]bool{}}
	o.Events = "off"
	o.BackoffRefused = max(o.BackoffRefused, 5*time.Minute) // the account is good: more logins of it are not wanted
	for n := range max(actions, 0) {
		o.Log = p.events.opt.Log.With(slog.String("connection", "actions "+strconv.Itoa(n+1)))
		p.hands = append(p.hands, p.hand(New(o)))
	}
	p.hands = append(p.hands, p.hand(p.events))
	return p
}

func (p *Pool) hand(c *Client) *hand {
	c.changed = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.match()
	}
	return &hand{Client: c, errands: make(chan *errand, 1), idle: true}
}

// actions are the hands whose connections are for actions alone.
func (p *Pool) actions() []*hand { return p.hands[:len(p.hands)-1] }

// Stats is how the connections of a Pool do. The counts only grow.
type Stats struct {
	Actions    int           // how many connections for actions are up
	Wanted     int           // how many there should be
	Reconnects int64         // connections of any kind that were made again after a loss
	Events     int64         // that came, dropped ones too
	Dropped    int64         // events that were dropped
	Lag        time.Duration // how long the oldest event waits for the listener; 0: none does
	Ping       time.Duration // round trip of the last ping, the longest of all connections; 0 before it
}

// Stats returns how the connections do, without asking the server.
func (p *Pool) Stats() Stats {
	s := Stats{
		Wanted: len(p.actions()), Events: p.events.Events(), Dropped: p.events.Dropped(), Lag: p.events.Lag(),
	}
	for _, h := range p.actions() {
		if h.up() {
			s.Actions++
		}
	}
	for _, h := range p.hands {
		s.Reconnects += h.ReconnectCount()
		s.Ping = max(s.Ping, h.LastPing())
	}
	return s
}

// Run keeps all connections until ctx ends, and tells what that of the events
// does. The others begin once it has logged in: a server that refuses the
// account is not asked more often for their sake.
func (p *Pool) Run(ctx context.Context, tell func(Signal)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	working, rest := context.WithCancel(context.WithoutCancel(ctx)) // hands outlive their connections
	defer rest()
	var hands, connections sync.WaitGroup
	admitted := make(chan struct{})
	admit := sync.OnceFunc(func() { close(admitted) })
	for _, h := range p.hands {
		hands.Go(func() { p.work(working, h) })
	}
	for _, h := range p.actions() {
		connections.Go(func() {
			select {
			case <-admitted:
				_ = h.Run(ctx, func(Signal) {}) // fails only when it runs already, and then so do the events
			case <-ctx.Done():
			}
		})
	}
	err := p.events.Run(ctx, func(s Signal) {
		if s.Kind == SignalUp {
			admit()
		}
		tell(s)
	})
	cancel()
	connections.Wait()
	rest()
	hands.Wait()
	return err
}

// State is that of the event connection.
func (p *Pool) State() (up bool, lastErr error) { return p.events.State() }

// List goes over the event connection, so that its rows and the events come
// in the order in which Asterisk made them.
func (p *Pool) List(ctx context.Context, a Action) ([]Message, error) { return p.events.List(ctx, a) }

// Mark is that of the event connection.
func (p *Pool) Mark(ctx context.Context) error { return p.events.Mark(ctx) }

// Renew ends all connections over which nothing is under way, so that they log
// in anew, and tells whether that of the events is among them.
func (p *Pool) Renew() bool {
	if !p.events.Renew() {
		return false
	}
	for _, h := range p.actions() {
		h.Renew()
	}
	return true
}

// Do is as Client.Do, and in order with all other actions on its channel. What
// names no channel is about the login (its rights) or the server, and goes over
// the event connection at once. ErrBusy says that nothing was sent, because
// earlier actions took too long.
func (p *Pool) Do(ctx context.Context, a Action) (Message, error) {
	channel := Message(a).Get("Channel")
	if channel == "" {
		return p.events.Do(ctx, a)
	}
	if err := check(a); err != nil { // unsafe is unsafe, connected or not
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.events.opt.ActionTimeout)
	defer cancel()
	e := &errand{action: a, channel: channel, since: time.Now(), done: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, e)
	p.match()
	p.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-e.done:
			return e.got, e.err
		case <-late.C:
			p.mu.Lock()
			p.match()
			p.mu.Unlock()
		case <-ctx.Done():
			return p.leave(ctx, e)
		}
	}
}
