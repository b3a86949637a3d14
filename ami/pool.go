package ami

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// Pool is all connections to one server: one hears events and lists channels, a
// few others take the actions on channels. Asterisk serves one action at a time
// per connection, so each of them has a worker: a goroutine that asks one action
// after the other. An action waits until a worker is free. A slow action keeps
// one worker busy and delays no other.
//
// Actions on one channel stay in order. The next one waits until the one before
// was answered, even if its caller has left; if its connection was lost, until
// the channel has settled. What may have arrived is never sent again.
type Pool struct {
	events  *Client
	workers []*worker // of the action connections, then of the event connection

	mu      sync.Mutex      // guards the fields below, and idle of the workers
	waiting []*task         // the oldest first
	busy    map[string]bool // channels on which an action is under way
}

// NewPool makes the connections of one PBX and starts none.
func NewPool(o Options, actions int) *Pool {
	p := &Pool{events: New(o), busy: map[string]bool{}}
	o.Events = "off"
	o.BackoffRefused = max(o.BackoffRefused, 5*time.Minute) // the account is good: more logins of it are not wanted
	for n := range max(actions, 0) {
		o.Log = p.events.opt.Log.With(slog.String("connection", "actions "+strconv.Itoa(n+1)))
		p.workers = append(p.workers, p.worker(New(o)))
	}
	p.workers = append(p.workers, p.worker(p.events))
	return p
}

func (p *Pool) worker(c *Client) *worker {
	c.changed = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.match()
	}
	return &worker{Client: c, tasks: make(chan *task, 1), idle: true}
}

// actions are the workers whose connections are for actions alone.
func (p *Pool) actions() []*worker { return p.workers[:len(p.workers)-1] }

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
	for _, w := range p.actions() {
		if w.isUp() {
			s.Actions++
		}
	}
	for _, w := range p.workers {
		s.Reconnects += w.ReconnectCount()
		s.Ping = max(s.Ping, w.LastPing())
	}
	return s
}

// Run keeps all connections until ctx ends, and tells what the event connection
// says. The others begin once it has logged in: a server that refuses the account
// is not asked more often because of them.
func (p *Pool) Run(ctx context.Context, tell func(Signal)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	working, rest := context.WithCancel(context.WithoutCancel(ctx)) // workers outlive their connections
	defer rest()
	var workers, connections sync.WaitGroup
	admitted := make(chan struct{})
	admit := sync.OnceFunc(func() { close(admitted) })
	for _, w := range p.workers {
		workers.Go(func() { p.work(working, w) })
	}
	for _, w := range p.actions() {
		connections.Go(func() {
			select {
			case <-admitted:
				_ = w.Run(ctx, func(Signal) {}) // fails only when it runs already, and then so do the events
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
	workers.Wait()
	return err
}

// State is Client.State of the event connection.
func (p *Pool) State() (up bool, lastErr error) { return p.events.State() }

// List goes over the event connection, so that its rows and the events come
// in the order in which Asterisk made them.
func (p *Pool) List(ctx context.Context, a Action) ([]Message, error) { return p.events.List(ctx, a) }

// Mark is Client.Mark of the event connection.
func (p *Pool) Mark(ctx context.Context) error { return p.events.Mark(ctx) }

// Renew ends all connections over which nothing is under way, so that they log
// in again. It reports whether the event connection is among them.
func (p *Pool) Renew() bool {
	if !p.events.Renew() {
		return false
	}
	for _, w := range p.actions() {
		w.Renew()
	}
	return true
}

// Do is like Client.Do, in order with all other actions on its channel. An action
// without a channel is about the login (its rights) or the server, and goes over
// the event connection at once. ErrBusy means that nothing was sent, because
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
	t := &task{action: a, channel: channel, since: time.Now(), done: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, t)
	p.match()
	p.mu.Unlock()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-t.done:
			return t.got, t.err
		case <-late.C:
			p.mu.Lock()
			p.match()
			p.mu.Unlock()
		case <-ctx.Done():
			return p.leave(ctx, t)
		}
	}
}
