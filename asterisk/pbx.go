package asterisk

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// PBX is one Asterisk server, over AMI.
type PBX struct {
	account     account
	now         func() time.Time
	log         *slog.Logger
	conn        connection
	session     *session
	server      *server
	table       *Table
	catchUp     *catchUp
	relisting   *relisting
	recorders   *recorders
	pickups     *pickups
	spool       *spool
	verifyStart time.Duration
}

// New makes a PBX and starts nothing. An error names the setting that is wrong
// and what would do.
func New(c Config) (*PBX, error) {
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

func newPBX(c Config, conn connection, asks asker) (*PBX, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("pbx %q: %w", c.Name, err)
	}
	a := account{pbx: c.Name, address: c.Client.Address, user: c.Client.Username}
	p := &PBX{
		account: a, now: c.Clock, log: c.Log, conn: conn,
		session: newSession(a, conn.State), table: NewTable(c.Name, c.Extensions),
		catchUp: newCatchUp(), relisting: newRelisting(), pickups: newPickups(),
		spool: newSpool(c.Mount, c.Name), verifyStart: c.VerifyStart,
	}
	if c.Mount == "" {
		p.spool.dir = c.Spool
	}
	p.server = &server{asker: asks, session: p.session, denied: make(chan struct{}, 1)}
	p.recorders = &recorders{
		account: a, wanted: c.Recorder, folder: strings.TrimSuffix(c.Spool, "/"),
		server: p.server, table: p.table, monitored: newMonitored(),
	}
	return p, nil
}

// Ports returns what the core asks of the PBX.
func (p *PBX) Ports() recording.PBX {
	return recording.PBX{Name: p.Name(), Switch: p, Recorder: p, Spool: p.spool, Events: p}
}

// Name returns the name in the configuration.
func (p *PBX) Name() string { return p.account.pbx }

// Spool returns the folder that the PBX writes recordings to.
func (p *PBX) Spool() recording.Spool { return p.spool }

// Find implements recording.Switch. It asks the table, not the PBX; while the
// table is being built it waits. If the table knows no such channel, it first
// catches up with the PBX: the caller may know of the call sooner than we do. If
// that brings nothing either, all channels are listed, since an eventfilter of
// the PBX may keep events from us.
func (p *PBX) Find(ctx context.Context, t recording.Target) ([]recording.Channel, error) {
	found, err := p.look(ctx, t)
	if err == nil && len(found) == 0 {
		p.catchUp.await(ctx, p.server)
		found, err = p.look(ctx, t)
	}
	if err == nil && len(found) == 0 {
		if err := p.relisting.await(ctx); err != nil {
			return nil, p.account.loading(err)
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
	err := p.session.await(ctx)
	return p.table.Find(t), err
}

// Peers implements recording.Switch.
func (p *PBX) Peers(ctx context.Context, c recording.Channel) ([]recording.Channel, error) {
	if err := p.session.await(ctx); err != nil {
		return nil, err
	}
	return p.table.Peers(c), nil
}

// Hear implements recording.Switch.
func (p *PBX) Hear(ctx context.Context) { p.catchUp.await(ctx, p.server) }

// CanRecord returns nil when a recording could be started: the channels are
// known, there is a recorder that the user may use, and the folder of the
// recordings can be read. Else it is Unavailable and says what is missing.
func (p *PBX) CanRecord(ctx context.Context) error {
	if _, err := p.recorders.present(ctx); err != nil {
		return err
	}
	return p.spool.readable()
}

// Health returns how the connections do, without asking the PBX.
func (p *PBX) Health() recording.Health {
	_, err := p.recorders.choose(p.session.allowed())
	up, _ := p.conn.State()
	s := p.conn.Stats()
	return recording.Health{
		Connected: up, Up: p.session.isReady() && err == nil,
		Actions: s.Actions, Wanted: s.Wanted, Reconnects: s.Reconnects,
		Events: s.Events, Dropped: s.Dropped, Lag: s.Lag, Ping: s.Ping,
	}
}
