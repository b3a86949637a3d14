package asterisk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// Config says what one PBX is. Name, Client and Spool are required.
type Config struct {
	Name   string      // in the configuration, e.g. "pbx1"
	Client ami.Options // how to connect

	// Actions is how many connections are kept for actions on channels beside
	// that of the events, which takes them while none is up, or none is free.
	Actions int

	Recorder    string        // Auto (also the zero value), MixMonitor or Monitor
	Spool       string        // the folder as Asterisk sees it; relative: below its monitor directory
	Mount       string        // the same folder as recgate sees it; default: Spool
	VerifyStart time.Duration // how long a new file may take to be seen; 0: it is not waited for

	Extensions Extensions       // how channels are named by extension
	Clock      func() time.Time // default: time.Now
	Log        *slog.Logger     // default: discarded; its lines get the name as "pbx"
}

// PBX is one Asterisk server: recording.PBX over AMI.
type PBX struct {
	name        string
	address     string // of AMI
	user        string
	wanted      string
	spoolPath   string
	spool       *spool
	verifyStart time.Duration
	now         func() time.Time
	log         *slog.Logger
	conn        connection
	server      asker
	table       *Table
	news        *news
	relisting   *relisting
	books       *books
	told        told
	denied      chan struct{} // room for one: an action was denied against the rights of the login

	mu      sync.Mutex    // guards the fields below
	ready   bool          // the table is in step
	trouble error         // why it will not be by waiting; nil while it may be
	changed chan struct{} // closed when ready or trouble change
	rights  rights        // of the present login
	version string        // greeting of the present login
	heard   bool          // an event of class call came since the login
	moves   map[string]string
}

var _ recording.PBX = (*PBX)(nil)

// connection is how a PBX is reached: an ami.Pool. Run tells of ups, downs and
// events from one goroutine. Renew makes it log in again, unless an answer is
// waited for, and reports whether it does.
type connection interface {
	Run(ctx context.Context, tell func(ami.Signal)) error
	State() (up bool, lastErr error)
	Stats() ami.Stats
	Renew() bool
}

// asker is what answers actions: the same ami.Pool. The errors are those of
// ami.Client, and Mark is that of it.
type asker interface {
	Do(ctx context.Context, a ami.Action) (ami.Message, error)
	List(ctx context.Context, a ami.Action) ([]ami.Message, error)
	Mark(ctx context.Context) error
}

// spoolText is what a folder may be named by: it becomes part of AMI values,
// in which a comma would begin a command, and lines are bounded.
var spoolText = regexp.MustCompile(`^/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?$`)

// NewPBX makes a PBX and starts nothing. An error names the setting that is
// wrong and what would do.
func NewPBX(c Config) (*PBX, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = c.Log.With(slog.String("pbx", c.Name))
	if c.Client.Log == nil {
		c.Client.Log = c.Log
	}
	pool := ami.NewPool(c.Client, c.Actions)
	return newPBX(c, pool, pool)
}

func newPBX(c Config, conn connection, server asker) (*PBX, error) {
	p := &PBX{
		name: c.Name, address: c.Client.Address, user: c.Client.Username, wanted: c.Recorder, verifyStart: c.VerifyStart,
		spoolPath: strings.TrimSuffix(c.Spool, "/"), spool: newSpool(c.Mount, c.Name), now: c.Clock, log: c.Log,
		conn: conn, server: server, table: NewTable(c.Name, c.Extensions), news: newNews(), relisting: newRelisting(), books: newBooks(), denied: make(chan struct{}, 1),
		changed: make(chan struct{}), moves: map[string]string{},
	}
	if p.wanted == "" {
		p.wanted = Auto
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if c.Mount == "" {
		p.spool.dir = c.Spool
	}
	p.trouble = p.fault(ami.NotConnected(nil))
	if err := p.invalid(c); err != nil {
		return nil, fmt.Errorf("pbx %q: %w", c.Name, err)
	}
	return p, nil
}

// invalid says which setting cannot be used.
func (p *PBX) invalid(c Config) error {
	const longest = 500
	switch {
	case c.Name == "":
		return errors.New("name is empty: give each PBX a name, such as pbx1")
	case p.wanted != Auto && p.wanted != MixMonitor && p.wanted != Monitor:
		return fmt.Errorf("recorder %q: use %s, %s or %s", p.wanted, Auto, MixMonitor, Monitor)
	case !spoolText.MatchString(c.Spool) || len(c.Spool) > longest:
		return fmt.Errorf("spool %q: use a folder name of letters, digits, dots, hyphens and underscores, such as /var/spool/asterisk/monitor/recgate", c.Spool)
	case path.Clean(p.spoolPath) != p.spoolPath || strings.HasPrefix(p.spoolPath, ".."):
		return fmt.Errorf("spool %q: use a path without . and .. parts", c.Spool)
	case c.Mount == "" && !path.IsAbs(c.Spool):
		return fmt.Errorf("mount is empty: use the path at which recgate sees the folder %q of the PBX", c.Spool)
	case c.Actions < 0:
		return fmt.Errorf("action_connections %d: use 0 or more, such as 2", c.Actions)
	case c.VerifyStart < 0:
		return fmt.Errorf("verify_start %s: use 0 or more, such as 1s", c.VerifyStart)
	case c.Extensions.From != "" && c.Extensions.From != FromName && c.Extensions.From != FromCallerID:
		return fmt.Errorf("extension_from %q: use %s or %s", c.Extensions.From, FromName, FromCallerID)
	}
	for i, m := range c.Extensions.Mappings {
		if m.Endpoint == nil {
			return fmt.Errorf("extensions[%d]: endpoint is missing: use a pattern such as ^99(\\d+)$", i)
		}
	}
	return nil
}

// Name implements recording.PBX.
func (p *PBX) Name() string { return p.name }

// Spool implements recording.PBX.
func (p *PBX) Spool() recording.Spool { return p.spool }

// Find implements recording.Switch. It asks the table, not the PBX; while the
// table is being built it waits. Where the table knows no such channel, what
// the PBX has to say of new ones is heard first: who asks may know of the call
// sooner than we do. If that is nothing either, all channels are listed, since
// an eventfilter of the PBX may keep events from us.
func (p *PBX) Find(ctx context.Context, t recording.Target) ([]recording.Channel, error) {
	found, err := p.look(ctx, t)
	if err == nil && len(found) == 0 {
		p.news.hear(ctx, p.server)
		found, err = p.look(ctx, t)
	}
	if err == nil && len(found) == 0 {
		if err := p.relisting.await(ctx); err != nil {
			return nil, p.unavailable(err, "still loading the channel list from PBX %q: try again in a moment", p.name)
		}
		found, err = p.look(ctx, t)
	}
	if err == nil {
		return found, nil
	}
	if _, was := p.table.Get(t.Text); was {
		return nil, fmt.Errorf("%w (%w)", err, recording.ErrLastSeen)
	}
	return nil, err
}

// look asks the table, once it is in step; an error comes with what was known last.
func (p *PBX) look(ctx context.Context, t recording.Target) ([]recording.Channel, error) {
	err := p.await(ctx)
	return p.table.Find(t), err
}

// Peers implements recording.Switch.
func (p *PBX) Peers(ctx context.Context, c recording.Channel) ([]recording.Channel, error) {
	if err := p.await(ctx); err != nil {
		return nil, err
	}
	return p.table.Peers(c), nil
}

// Hear implements recording.Switch.
func (p *PBX) Hear(ctx context.Context) { p.news.hear(ctx, p.server) }

// await waits until the table is in step with the PBX.
func (p *PBX) await(ctx context.Context) error {
	for {
		p.mu.Lock()
		ready, trouble, changed := p.ready, p.trouble, p.changed
		p.mu.Unlock()
		switch {
		case ready:
			return nil
		case trouble != nil:
			return p.since(trouble)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return p.unavailable(ctx.Err(), "still loading the channel list from PBX %q: try again in a moment", p.name)
		}
	}
}

// since is the trouble by what the connection has met since then: attempts
// that fail are no signals, and a login that is refused is another trouble
// than a server that is away.
func (p *PBX) since(trouble error) error {
	if up, err := p.conn.State(); !up && err != nil {
		return p.fault(ami.NotConnected(err))
	}
	return trouble
}

// set says whether the table is in step, or why it will not be by waiting.
func (p *PBX) set(ready bool, trouble error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready, p.trouble = ready, trouble
	close(p.changed)
	p.changed = make(chan struct{})
}

// recorder returns the recorder to use on the present login.
func (p *PBX) recorder(ctx context.Context) (recorder, error) {
	if err := p.await(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	r := p.rights
	p.mu.Unlock()
	return p.choose(r)
}

// may tells whether the user may use an action.
func (p *PBX) may(action string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rights[action]
}

// do asks an action that the user should have the right to. When it is denied
// all the same, the rights have changed since the login, and are asked anew.
func (p *PBX) do(ctx context.Context, a ami.Action) (ami.Message, error) {
	answer, err := p.server.Do(ctx, a)
	var refused *ami.ResponseError
	if errors.As(err, &refused) && refused.Denied {
		p.lessAllowed()
	}
	return answer, err
}

// lessAllowed has the login renewed, for its rights do not suffice any more.
func (p *PBX) lessAllowed() {
	select {
	case p.denied <- struct{}{}:
	default: // it is known already
	}
}

// getvar reads a channel variable; "" when it is not set or may not be asked.
func (p *PBX) getvar(ctx context.Context, uniqueID, variable string) (string, error) {
	if !p.may("Getvar") {
		return "", nil
	}
	answer, err := p.do(ctx, ami.NewAction("Getvar", "Channel", uniqueID, "Variable", variable))
	var refused *ami.ResponseError
	if errors.As(err, &refused) && refused.Denied {
		return "", nil
	}
	return answer.Get("Value"), err
}

// nowAt follows a unique id through pickups: what was recorded on the one
// channel goes on on the other.
func (p *PBX) nowAt(uniqueID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.moves { // at most as many steps as there are moves
		to, moved := p.moves[uniqueID]
		if !moved {
			break
		}
		uniqueID = to
	}
	return uniqueID
}
