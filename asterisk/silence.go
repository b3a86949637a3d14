package asterisk

import (
	"time"

	"recgate/recording"
)

// missedAfter is how long an event may come after the listing that told of its
// channel. Asterisk makes both from one source, and an event is rarely 10 ms late.
const missedAfter = 5 * time.Second

// silence is what a Table knows of the events that did not come: telephone
// channels of which only listings say that they are there, or that they are
// gone. A login without the read class call misses all of them; with an
// eventfilter in manager.conf it misses some.
type silence struct {
	newLogin bool               // what the next listing adds says nothing about events
	missed   map[string]missing // by unique id
	heard    int                // channels of which an event said that they came, or went
}

type missing struct {
	name string
	at   time.Time // when a listing told of it
	gone bool
}

// StartOver says that events were not heard up to now: at a new login, and
// where some were dropped. What the next listing adds is not held against the PBX.
func (t *Table) StartOver() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.silence = silence{newLogin: true, missed: map[string]missing{}}
}

// Missed returns the name of a telephone channel that a listing told of before
// the given time, and of which no event has come since, or "". doubtful reports
// whether there is any, whenever; proved, whether there is none, and events of
// other channels have come since StartOver.
func (t *Table) Missed(before time.Time) (channel string, doubtful, proved bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, m := range t.silence.missed {
		if !m.at.After(before) && (channel == "" || m.name < channel) {
			channel = m.name
		}
	}
	doubtful = len(t.silence.missed) > 0
	return channel, doubtful, !doubtful && t.silence.heard > 0
}

// miss notes that a listing, and no event, told that a channel came or went.
func (s *silence) miss(c recording.Channel, gone bool, at time.Time) {
	if s.newLogin || c.Extension == "" || len(s.missed) >= maxChannels {
		return // channels that Asterisk makes for itself come without events
	}
	if m, known := s.missed[c.UniqueID]; known {
		at = m.at
	}
	s.missed[c.UniqueID] = missing{name: c.Name, at: at, gone: gone}
}

// hear notes an event about a channel.
func (s *silence) hear(name, uniqueID string) {
	if m, missed := s.missed[uniqueID]; missed && (!m.gone || name == "hangup") {
		delete(s.missed, uniqueID)
	}
	if name == "newchannel" || name == "hangup" {
		s.heard++
	}
}
