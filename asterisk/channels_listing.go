package asterisk

import (
	"strconv"
	"strings"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// Begin says that a listing of all channels is about to be asked for. Events
// may be applied until Complete; they win where the two contradict.
func (t *Table) Begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listings++
	t.listing, t.gone = true, map[string]bool{}
}

// Complete takes the rows of the listing, of CoreShowChannels or of Status, and
// reports whether the channels differ from the table: then something had
// been missed, or is on its way. What a listing does not hold (hold, the time of
// the answer) stays as it was for channels that stay.
func (t *Table) Complete(rows []ami.Message, at time.Time) (differs bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	listed := make(map[string]bool, len(rows))
	for _, m := range rows {
		id := m.Get("Uniqueid")
		if id == "" || t.gone[id] {
			continue
		}
		listed[id] = true
		e, ok := t.byID[id]
		if !ok {
			e = t.addListed(m, at)
			t.silence.miss(e.Channel, false, at)
			differs = true
		} else if e.seen < t.listings {
			t.update(e, m)
		}
		t.fillAnswer(e, m, at)
		if e.moved < t.listings {
			bridge := strings.Clone(m.Get("BridgeId")) // Status writes BridgeID
			t.change(e, func(c *recording.Channel) { c.Bridge = bridge })
		}
	}
	for id, e := range t.byID {
		if !listed[id] && e.seen < t.listings {
			t.remove(e)
			t.silence.miss(e.Channel, true, at)
			differs = true
		}
	}
	t.silence.newLogin = false
	t.listing, t.gone = false, nil
	return differs
}

// addListed makes an entry of a row.
func (t *Table) addListed(m ami.Message, at time.Time) *entry {
	c := t.describe(m)
	var ok bool
	if c.CreatedAt, ok = bornAt(c.UniqueID, at); !ok {
		c.CreatedAt = at.Add(-age(m))
	}
	return t.add(c)
}

// fillAnswer fills in the time of an answer that was not seen. A listing says how
// old a channel is, not how long it is up: the time is too early by as long as it
// rang.
func (t *Table) fillAnswer(e *entry, m ami.Message, at time.Time) {
	if e.State == recording.Up && e.AnsweredAt.IsZero() {
		t.change(e, func(c *recording.Channel) { c.AnsweredAt = at.Add(-age(m)).Truncate(time.Millisecond) })
	}
}

// age reads Duration (hh:mm:ss) of CoreShowChannels or Seconds of Status.
func age(m ami.Message) time.Duration {
	var seconds int64
	for part := range strings.SplitSeq(m.Get("Duration"), ":") {
		n, _ := strconv.ParseInt(part, 10, 32) // what is not a number counts as none
		seconds = seconds*60 + n
	}
	if n, err := strconv.ParseInt(m.Get("Seconds"), 10, 32); err == nil {
		seconds = n
	}
	return max(0, min(time.Duration(seconds)*time.Second, 30*24*time.Hour))
}
