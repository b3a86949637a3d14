package asterisk

import (
	"context"
	"slices"
	"sync"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// monitor records the two directions into two files, without the mixing of
// Asterisk, which needs a shell and deletes what it finds. A channel can have
// one Monitor at most, a second start renames the files of the first, and
// Asterisk answers Success to any stop: so recgate keeps its own books.
type monitor struct{ p *PBX }

func (monitor) name() string { return Monitor }

func (r monitor) tracks(c recording.Channel, id recording.ID) []recording.Track {
	return []recording.Track{
		{File: recording.SpokenFile(id), Voice: recording.Spoken, Party: c.Extension},
		{File: recording.HeardFile(id), Voice: recording.Heard, Party: r.other(c)},
	}
}

// other names whom c hears: its peer, if all peers are one extension.
func (r monitor) other(c recording.Channel) string {
	name := ""
	for _, peer := range r.p.table.Peers(c) {
		if peer.UniqueID == c.UniqueID || peer.Extension == "" || recording.IsLocalHalf(peer.Name) {
			continue
		}
		if name != "" && name != peer.Extension {
			return "others"
		}
		name = peer.Extension
	}
	if name == "" {
		return "others"
	}
	return name
}

func (r monitor) start(ctx context.Context, c recording.Channel, id recording.ID) (string, error) {
	if !r.p.books.begin(c.UniqueID, id) {
		return "", errTaken
	}
	taken, err := r.taken(ctx, c.UniqueID)
	if err == nil && taken {
		err = errTaken
	}
	if err == nil {
		_, err = r.p.do(ctx, ami.NewAction("Monitor", "Channel", c.UniqueID,
			"File", r.p.spoolPath+"/"+id.Hex(), "Format", "wav"))
	}
	if err != nil {
		r.p.books.release(c.UniqueID, id)
	}
	return "", err
}

// taken tells whether something monitors the channel. While it does, the
// variable MONITORED is "true" (Asterisk 16).
func (r monitor) taken(ctx context.Context, uniqueID string) (bool, error) {
	value, err := r.p.getvar(ctx, uniqueID, "MONITORED")
	return value != "", err
}

// reclaim asks the books, and the channel where the user may: it says only
// that something monitors it, so the file must be ours as well. Those of
// Monitor are there before it answers.
func (r monitor) reclaim(ctx context.Context, uniqueID string, rec recording.Recording, seen bool) (string, standing, error) {
	if !seen || r.p.books.ended(uniqueID, rec.ID) {
		return "", over, nil
	}
	if r.p.may("Getvar") {
		taken, err := r.taken(ctx, uniqueID)
		if err != nil || !taken {
			return "", over, err
		}
	}
	if !r.p.books.begin(uniqueID, rec.ID) {
		return "", over, nil
	}
	return "", runs, nil
}

func (r monitor) stop(ctx context.Context, uniqueID string, rec recording.Recording) error {
	switch r.p.books.running(uniqueID) {
	case rec.ID:
	case "": // of an earlier run of recgate, or ended
		if r.p.books.ended(uniqueID, rec.ID) {
			return errEnded
		}
		taken, err := r.taken(ctx, uniqueID)
		if err != nil {
			return err
		}
		if !taken && r.p.may("Getvar") {
			return errEnded
		}
	default:
		return errEnded
	}
	r.p.books.expectStop(uniqueID, time.Now().Add(echo)) // the machine's clock, which no step moves: this is waiting
	_, err := r.p.do(ctx, ami.NewAction("StopMonitor", "Channel", uniqueID))
	if err != nil {
		r.p.books.expectStop(uniqueID, time.Time{})
		return err
	}
	r.p.books.end(uniqueID, rec.ID)
	return nil
}

// errTaken says that the one Monitor of a channel is in use, mostly by the
// PBX's own dialplan.
var errTaken = recording.Errorf(recording.Conflict,
	"the channel is monitored already, and Asterisk can monitor a channel only once: stop that recording first, or use MixMonitor")

// books is what recgate knows of the Monitor recordings that run.
type books struct {
	mu      sync.Mutex // guards the maps, all by unique id
	runs    map[string]recording.ID
	over    map[string][]recording.ID // ended while the channel lived
	stopped map[string]time.Time      // until when a MonitorStop is the echo of our own stop
}

func newBooks() *books {
	return &books{runs: map[string]recording.ID{}, over: map[string][]recording.ID{}, stopped: map[string]time.Time{}}
}

func (b *books) running(uniqueID string) recording.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs[uniqueID]
}

func (b *books) ended(uniqueID string, id recording.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.over[uniqueID], id)
}

// begin enters a recording, unless another one runs on the channel.
func (b *books) begin(uniqueID string, id recording.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if running := b.runs[uniqueID]; running != "" && running != id {
		return false
	}
	b.runs[uniqueID] = id
	return true
}

// release takes back a begin of which it is not known that it ever ran.
func (b *books) release(uniqueID string, id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs[uniqueID] == id {
		delete(b.runs, uniqueID)
	}
}

func (b *books) end(uniqueID string, id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.runs[uniqueID] == id {
		delete(b.runs, uniqueID)
	}
	b.over[uniqueID] = append(b.over[uniqueID], id)
}

// echo is how long after our own stop its event may come, behind a flood of
// others. It is long: to take an echo for news ends the recording that was
// begun since, and to take news for an echo is made good by the next sweep.
const echo = 30 * time.Second

// expectStop says until when a MonitorStop is the echo of our own stop.
func (b *books) expectStop(uniqueID string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped[uniqueID] = until
}

// stop takes a MonitorStop event, and tells whether it is news: not the echo
// of our own stop, which may come when a new recording runs already.
func (b *books) stop(uniqueID string) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	until := b.stopped[uniqueID]
	delete(b.stopped, uniqueID)
	if time.Now().Before(until) {
		return false
	}
	if id := b.runs[uniqueID]; id != "" {
		delete(b.runs, uniqueID)
		b.over[uniqueID] = append(b.over[uniqueID], id)
	}
	return true
}

// forget drops what is known of a channel that is gone.
func (b *books) forget(uniqueID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.runs, uniqueID)
	delete(b.over, uniqueID)
	delete(b.stopped, uniqueID)
}

// keep forgets all channels but those that live.
func (b *books) keep(lives func(uniqueID string) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.runs {
		if !lives(id) {
			delete(b.runs, id)
		}
	}
	for id := range b.over {
		if !lives(id) {
			delete(b.over, id)
		}
	}
	for id := range b.stopped {
		if !lives(id) {
			delete(b.stopped, id)
		}
	}
}

// loggedIn forgets the echoes that were expected: what was said before a login
// is told to nobody after it.
func (b *books) loggedIn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.stopped)
}
