package ami

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// SignalKind is what a Signal is about.
type SignalKind int

// The kinds of signals.
const (
	// SignalUp: connected and logged in; Do and List work. Whatever was
	// known of the server may have changed since the last SignalDown.
	SignalUp SignalKind = iota + 1
	// SignalDown: a connection that was told as up is lost, for reason Err.
	// Where the client ended it to log in again at once (ErrAgain), SignalUp
	// is the next, or another SignalDown that says why that failed.
	SignalDown
	// SignalEvent: Message is an event that no action asked for.
	SignalEvent
	// SignalDropped: at this place Dropped events are missing, because the
	// listener was too slow. What was known of the server must be asked again.
	SignalDropped
	// SignalMark: the listener has heard all that came before Mark asked for
	// this, and says so by closing Signal.Mark.
	SignalMark
)

// Signal is what a Client tells its listener.
type Signal struct {
	Kind    SignalKind
	Message Message       // SignalEvent
	Err     error         // SignalDown
	Dropped int           // SignalDropped
	Version string        // SignalUp: the greeting, e.g. "Asterisk Call Manager/5.0.4"
	Mark    chan struct{} // SignalMark
}

// Client keeps one connection to one Asterisk server. All methods may be
// called at once from many goroutines, also from inside tell.
type Client struct {
	opt      Options
	changed  func() // if set, called after each change of State; does not block
	running  atomic.Bool
	dropped  atomic.Int64
	events   atomic.Int64
	signals  atomic.Pointer[queue] // of the present or last Run
	logins   atomic.Int64
	again    atomic.Int64 // logins after a loss
	lastPing atomic.Int64 // nanoseconds

	mu      sync.Mutex // guards the fields below
	link    *link      // nil while down
	lastErr error      // why the last connection or attempt ended; nil while up
}

// New makes a client. It starts nothing: Run does.
func New(o Options) *Client { return &Client{opt: o.withDefaults()} }

// State reports whether the client is logged in, and why the last connection or
// attempt ended (nil before the first failure and while up).
func (c *Client) State() (up bool, lastErr error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil, c.lastErr
}

// Dropped returns how many events were dropped since New.
func (c *Client) Dropped() int64 { return c.dropped.Load() }

// Events returns how many events came since New, dropped ones too.
func (c *Client) Events() int64 { return c.events.Load() }

// Lag returns how long the event that the listener is busy with has waited and
// taken by now; 0 when it has heard all that came.
func (c *Client) Lag() time.Duration {
	if q := c.signals.Load(); q != nil {
		return q.lag()
	}
	return 0
}

// ReconnectCount returns how often a connection was logged in again after a
// loss. A connection that Renew ended was not lost.
func (c *Client) ReconnectCount() int64 { return c.again.Load() }

// LastPing returns the round trip of the last answered ping, 0 before the first.
func (c *Client) LastPing() time.Duration { return time.Duration(c.lastPing.Load()) }

// Run connects, logs in, and keeps the connection until ctx ends; then it
// returns nil, and no goroutine is left. A lost connection is made again after
// a wait, see Options. Run must not run twice at once.
//
// tell hears every signal, in order, from one goroutine; a slow tell delays
// later signals and never the connection. When more than Options.Queue events
// wait, further ones are dropped and counted until half of them are heard;
// SignalDropped then stands in their place. Up and Down are never dropped, but
// an Up that was lost again before tell heard of it is left out together with
// its Down. After ctx has ended nothing more is told.
func (c *Client) Run(ctx context.Context, tell func(Signal)) error {
	if !c.running.CompareAndSwap(false, true) {
		return errRunning
	}
	defer c.running.Store(false)
	signals := newQueue(c.opt.Queue, &c.dropped)
	c.signals.Store(signals)
	var listener sync.WaitGroup
	listener.Go(func() { signals.deliver(ctx, tell) })
	c.keep(ctx, signals)
	listener.Wait()
	return nil
}

// keep makes one connection after the other until ctx ends.
func (c *Client) keep(ctx context.Context, signals *queue) {
	wait := backoff{min: c.opt.BackoffMin, max: c.opt.BackoffMax, refused: c.opt.BackoffRefused, random: c.opt.Random}
	var stood time.Duration
	var err error
	for said := ""; ctx.Err() == nil; {
		stood, err = c.session(ctx, signals, err)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, ErrAgain) {
			c.opt.Log.LogAttrs(ctx, slog.LevelInfo, "logging in to the PBX again", slog.String("address", c.opt.Address), slog.Any("err", err))
			continue
		}
		pause := wait.next(err, stood)
		level := slog.LevelWarn
		if err.Error() == said {
			level = slog.LevelDebug // a server that is away for a day is not worth a line per attempt
		}
		said = err.Error()
		c.opt.Log.LogAttrs(ctx, level, "not connected to the PBX", slog.String("address", c.opt.Address),
			slog.Int64("retry_ms", pause.Milliseconds()), slog.Any("err", err))
		sleep(ctx, pause)
	}
	c.set(nil, ErrStopped)
}

// session makes one connection and serves it until it is lost. before is why
// the last one, or the last attempt, ended. It returns how long the connection
// stood, and why it ended.
func (c *Client) session(ctx context.Context, signals *queue, before error) (time.Duration, error) {
	l, err := c.connect(ctx)
	if err != nil {
		c.set(nil, err)
		if errors.Is(before, ErrAgain) {
			signals.push(Signal{Kind: SignalDown, Err: err})
		}
		return 0, err
	}
	start := time.Now()
	if c.logins.Add(1) > 1 && !errors.Is(before, errRenewed) {
		c.again.Add(1)
	}
	c.set(l, nil) // before Up is told: its listener may use Do
	c.opt.Log.LogAttrs(ctx, slog.LevelInfo, "connected to the PBX",
		slog.String("address", c.opt.Address), slog.String("version", l.version))
	signals.push(Signal{Kind: SignalUp, Version: l.version})
	err = l.serve(ctx, c, signals)
	c.set(nil, err)
	signals.push(Signal{Kind: SignalDown, Err: err})
	return time.Since(start), err
}

// set publishes the connection, or why there is none.
func (c *Client) set(l *link, err error) {
	c.mu.Lock()
	c.link, c.lastErr = l, err
	c.mu.Unlock()
	if c.changed != nil {
		c.changed()
	}
}

// Do sends an action and returns the response that carries its ActionID.
// "Response: Error" becomes a *ResponseError. Other errors: ErrUnsafe,
// ErrDown, ErrLost, ErrTimeout, or the error of a cancelled ctx. Events that carry
// the ActionID are told as any other event.
func (c *Client) Do(ctx context.Context, a Action) (Message, error) {
	got, err := c.ask(ctx, a, &request{})
	return got.response, err
}

// List sends an action that answers with a listing, and returns its rows in
// order, without the response and the closing event. A listing that cannot be
// had whole is an error: one of Do, ErrCancelled, or ErrTooMany for more than
// 20,000 rows or 48 MiB.
func (c *Client) List(ctx context.Context, a Action) ([]Message, error) {
	got, err := c.ask(ctx, a, &request{list: true})
	return got.rows, err
}

// Mark returns when the listener has heard every event that the server had
// made when Mark was called. Its errors are Do's errors, or ctx's. The
// listener must close what SignalMark brings.
//
// Asterisk writes the events that wait between two actions, so all of them
// have come when the second of two pings is answered.
func (c *Client) Mark(ctx context.Context) error {
	for range 2 {
		if _, err := c.Do(ctx, NewAction("Ping")); err != nil {
			return err
		}
	}
	heard := make(chan struct{})
	c.signals.Load().push(Signal{Kind: SignalMark, Mark: heard})
	select {
	case <-heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask sends an action over the present connection and waits for its answer.
func (c *Client) ask(ctx context.Context, a Action, req *request) (answer, error) {
	if err := check(a); err != nil { // unsafe is unsafe, connected or not
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.opt.ActionTimeout)
	defer cancel()
	return c.askWithin(ctx, a, req)
}

// askWithin is ask with the deadline of ctx alone.
func (c *Client) askWithin(ctx context.Context, a Action, req *request) (answer, error) {
	l, err := c.current()
	if err != nil {
		return answer{}, err
	}
	return l.ask(ctx, a, req)
}

// current returns the connection that is up, or why there is none.
func (c *Client) current() (*link, error) {
	c.mu.Lock()
	l, lastErr := c.link, c.lastErr
	c.mu.Unlock()
	if l == nil {
		return nil, NotConnected(lastErr)
	}
	if reason := l.reason(); reason != nil { // and Run is about to notice
		return nil, NotConnected(reason)
	}
	return l, nil
}

// isUp reports whether there is a connection to ask over.
func (c *Client) isUp() bool {
	_, err := c.current()
	return err == nil
}

// isReturning reports whether there is no connection because the client ended
// it to log in again at once. It is false as soon as that has failed.
func (c *Client) isReturning() bool {
	c.mu.Lock()
	l, lastErr := c.link, c.lastErr
	c.mu.Unlock()
	if l != nil {
		lastErr = l.reason()
	}
	return errors.Is(lastErr, ErrAgain)
}

// Renew ends the connection, unless a caller waits for an answer over it, and
// reports whether it did. Run then logs in again, with the rights of now.
func (c *Client) Renew() bool {
	l, err := c.current()
	return err == nil && l.loseIdle(errRenewed)
}

// drop ends the connection, if there is one.
func (c *Client) drop(reason error) {
	if l, err := c.current(); err == nil {
		l.lose(reason)
	}
}
