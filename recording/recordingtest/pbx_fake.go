package recordingtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/recording"
)

// PBX is an Exchange in memory: telephones, a live table and a spool. Audio
// passes only when Pass says so. The zero value is not ready; see NewPBX.
type PBX struct {
	phones
	taps
	line
	folder
}

// What can be done with the fake, by what it is about.
type (
	phones struct{ *exchange } // the telephones, and the table of their channels
	taps   struct{ *exchange } // recordings
	line   struct{ *exchange } // the connection, and what is told over it
	folder struct{ *exchange } // the spool
)

// exchange is the state of a fake.
type exchange struct {
	name  string
	spool *spool

	mu       sync.Mutex // guards all below
	up       bool
	n        int // channels made so far
	channels []recording.Channel
	running  map[recording.ID]*run
	told     []recording.Event // waiting for Run
	hushed   bool              // they wait until somebody hears
	telling  bool              // Run is telling some
	heard    chan struct{}     // closed when Run has told them all; nil when nobody waits for that
	wake     chan struct{}
	refuse   error         // what Record answers, once
	hold     chan struct{} // Record waits for it to be closed, if not nil
	records  int
	late     bool
	stops    []recording.ID
}

// run is one recording on the fake.
type run struct {
	uniqueID string
	file     *file
}

// NewPBX returns a PBX without calls, whose connection is up.
func NewPBX(name string) *PBX {
	x := &exchange{name: name, up: true, spool: newSpool(), running: map[recording.ID]*run{}, wake: make(chan struct{}, 1)}
	return &PBX{phones{x}, taps{x}, line{x}, folder{x}}
}

// PBX returns itself: the fake is the exchange as well.
func (p *PBX) PBX() recording.PBX {
	x := p.phones.exchange
	return recording.PBX{Name: x.name, Switch: p, Recorder: p, Spool: x.spool, Events: p}
}

// Tone is that of the lab: extension ABC has A*100 + C*200 Hz.
func (p phones) Tone(extension string) float64 { return tone(extension) }

// Call makes a bridged call.
func (p phones) Call(t testing.TB, from, to string) (caller, callee string) {
	t.Helper()
	return p.call(from, to, "")
}

// CallAs makes a bridged call whose caller has this unique id.
func (p phones) CallAs(t testing.TB, from, to, uniqueID string) {
	t.Helper()
	p.call(from, to, uniqueID)
}

func (p phones) call(from, to, uniqueID string) (caller, callee string) {
	a := p.Add(recording.Channel{Name: "SIP/" + from, Extension: from, State: recording.Up, UniqueID: uniqueID})
	b := p.Add(recording.Channel{Name: "SIP/" + to, Extension: to, State: recording.Up, LinkedID: a.LinkedID})
	for _, id := range []string{a.UniqueID, b.UniqueID} {
		p.Change(id, func(c *recording.Channel) { c.Bridge, c.AnsweredAt = "bridge-"+a.UniqueID, time.Now() })
	}
	return a.UniqueID, b.UniqueID
}

// Ring makes a call that is not answered.
func (p phones) Ring(t testing.TB, from, to string) string {
	t.Helper()
	a := p.Add(recording.Channel{Name: "SIP/" + from, Extension: from, State: recording.Up})
	b := p.Add(recording.Channel{Name: "SIP/" + to, Extension: to, State: recording.Ringing, LinkedID: a.LinkedID})
	return b.UniqueID
}

// Add puts a channel into the live table. What is empty is filled in: a
// suffix of the name, unique id, linked id, creation time.
func (p phones) Add(c recording.Channel) recording.Channel {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.PBX = p.name
	if !strings.Contains(c.Name, "-") {
		c.Name = fmt.Sprintf("%s-%08x", c.Name, p.n)
	}
	if c.UniqueID == "" {
		c.UniqueID = fmt.Sprintf("1700000000.%d", p.n)
	}
	if c.LinkedID == "" {
		c.LinkedID = c.UniqueID
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = time.Now()
	}
	p.n++
	p.channels = append(p.channels, c)
	return c
}

// Change changes a live channel.
func (p phones) Change(uniqueID string, change func(*recording.Channel)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.channels {
		if p.channels[i].UniqueID == uniqueID {
			change(&p.channels[i])
		}
	}
}

// Hangup ends the call of the channel: all channels with its linked id go.
func (p phones) Hangup(t testing.TB, uniqueID string) {
	t.Helper()
	p.hangUp(t, uniqueID, p.tell)
}

// hangUp ends the call of a channel and gives tell the event of each hangup.
func (p phones) hangUp(t testing.TB, uniqueID string, tell func(recording.Event)) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.channels, func(c recording.Channel) bool { return c.UniqueID == uniqueID })
	if i < 0 {
		t.Errorf("no channel %s to hang up", uniqueID)
		return
	}
	linked := p.channels[i].LinkedID
	var gone, left []recording.Channel
	for _, c := range p.channels {
		if c.LinkedID == linked {
			gone = append(gone, c)
		} else {
			left = append(left, c)
		}
	}
	p.channels = left
	for n, c := range gone {
		for id, r := range p.running {
			if r.uniqueID == c.UniqueID {
				if !p.late {
					r.file.close()
				}
				delete(p.running, id)
			}
		}
		tell(recording.Event{Kind: recording.ChannelHungUp, Channel: c, Last: n == len(gone)-1})
	}
}

// Pass writes so much audio into every file that is being recorded.
func (p phones) Pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.running {
		i := slices.IndexFunc(p.channels, func(c recording.Channel) bool { return c.UniqueID == r.uniqueID })
		var tones []float64
		for _, c := range p.channels {
			if c.Bridge != "" && c.Bridge == p.channels[i].Bridge {
				tones = append(tones, tone(c.Extension))
			}
		}
		if len(tones) > 0 {
			r.file.sound(d, tones)
		}
	}
}

// HangupUnseen is Hangup without an event, as while nobody is connected.
func (p phones) HangupUnseen(t testing.TB, uniqueID string) {
	t.Helper()
	p.hangUp(t, uniqueID, func(recording.Event) {})
}

// Late has the PBX close no file at the next hangups: Write and Close do it.
func (p taps) Late() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = true
}

// Forget ends all recordings without a word and leaves their files as they
// are, as a PBX that was killed and has started again.
func (p taps) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.running {
		r.file.abandon()
	}
	clear(p.running)
}

// Refuse has the next Record fail with err.
func (p taps) Refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = err
}

// Hold has every Record wait until the returned function is called.
func (p taps) Hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hold := make(chan struct{})
	p.hold = hold
	return sync.OnceFunc(func() { close(hold) })
}

// Records returns how often Record was asked.
func (p taps) Records() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records
}

// Stops returns the recordings that Stop ended, in order.
func (p taps) Stops() []recording.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.stops)
}

// Find looks the target up.
func (p phones) Find(_ context.Context, t recording.Target) ([]recording.Channel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.where(func(c recording.Channel) bool { return c.UniqueID == t.Text })
	switch {
	case !p.up && len(found) > 0:
		return nil, fmt.Errorf("%w (%w)", errAway, recording.ErrLastSeen)
	case !p.up:
		return nil, errAway
	case len(found) > 0:
		return found, nil
	}
	found = p.where(func(c recording.Channel) bool {
		tech, _ := recording.SplitChannel(c.Name)
		return strings.EqualFold(c.Extension, t.Name) && (t.Tech == "" || strings.EqualFold(tech, t.Tech))
	})
	if len(found) == 0 {
		found = p.where(func(c recording.Channel) bool { return c.Name == t.Text })
	}
	return found, nil
}

// Peers returns the channels of the call.
func (p phones) Peers(_ context.Context, c recording.Channel) ([]recording.Channel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.up {
		return nil, errAway
	}
	return p.where(func(d recording.Channel) bool {
		return d.LinkedID == c.LinkedID || (c.Bridge != "" && d.Bridge == c.Bridge)
	}), nil
}

func (p *exchange) where(is func(recording.Channel) bool) []recording.Channel {
	var found []recording.Channel
	for _, c := range p.channels {
		if is(c) {
			found = append(found, c)
		}
	}
	return found
}
