package asterisk

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// maxChannels is how many channels are followed: as many as one listing may
// bring.
const maxChannels = ami.MaxRows

// Table is what is known of the live channels of one PBX. Events keep it
// (Apply), listings of all channels set it right (Begin, Complete). It asks
// nobody anything. All methods may be called at once from many goroutines,
// but events and listings come from one.
type Table struct {
	pbx        string
	extensions Extensions

	mu sync.RWMutex // guards the fields below and the entries
	entries
	listings uint64          // counts Begin
	listing  bool            // between Begin and Complete
	gone     map[string]bool // unique ids that hung up since Begin
	silence  silence
}

// NewTable makes an empty table for the PBX of that name.
func NewTable(pbx string, x Extensions) *Table {
	return &Table{
		pbx: pbx, extensions: x, entries: newEntries(),
		silence: silence{newLogin: true, missed: map[string]missing{}},
	}
}

// Len returns the number of live channels.
func (t *Table) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byID)
}

// Get returns the live channel with this unique id.
func (t *Table) Get(uniqueID string) (recording.Channel, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byID[uniqueID]
	if !ok {
		return recording.Channel{}, false
	}
	return e.Channel, true
}

// Find returns the channels that a target means, as recording.Switch says,
// in the order in which they became known.
func (t *Table) Find(target recording.Target) []recording.Channel {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if e, ok := t.byID[target.Text]; ok {
		return []recording.Channel{e.Channel}
	}
	name, span := target.Name, ""
	if i := strings.LastIndexByte(name, '/'); i >= 0 && sameTech(target.Tech, "dahdi") {
		name, span = name[i+1:], name[:i+1]
	}
	exact, folded := []*entry{}, []*entry{}
	for _, e := range t.byName[lower(name)] {
		if target.Tech != "" && !onTech(e.Name, target.Tech, span) {
			continue
		}
		folded = append(folded, e)
		if e.Extension == name {
			exact = append(exact, e)
		}
	}
	switch {
	case len(exact) > 0:
		return channels(exact)
	case len(folded) > 0:
		return channels(folded)
	case target.Tech == "":
		return nil
	}
	return channels(t.named(func(name string) bool { return name == target.Text }))
}

// Namesake returns the live channel whose name is the unique id of another
// one: Asterisk looks for a name first, without regard to case, so that what
// is asked of the other one would be done to this.
func (t *Table) Namesake(uniqueID string) (name string, ok bool) {
	if !strings.Contains(uniqueID, "/") { // as every name does
		return "", false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.named(func(name string) bool { return lower(name) == lower(uniqueID) }) {
		if e.UniqueID != uniqueID {
			return e.Name, true
		}
	}
	return "", false
}

// Peers returns the live channels with the linked id of c or in its bridge,
// in the order in which they became known. Where the table knows c better
// than the caller, the table counts.
func (t *Table) Peers(c recording.Channel) []recording.Channel {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if e, ok := t.byID[c.UniqueID]; ok {
		c = e.Channel
	}
	var peers []*entry
	if c.LinkedID != "" {
		peers = append(peers, t.byLinked[c.LinkedID]...)
	}
	if c.Bridge != "" {
		for _, e := range t.byBridge[c.Bridge] {
			if e.LinkedID != c.LinkedID || c.LinkedID == "" {
				peers = append(peers, e)
			}
		}
	}
	return channels(peers)
}

func channels(entries []*entry) []recording.Channel {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b *entry) int {
		if a.order < b.order {
			return -1
		}
		return 1
	})
	list := make([]recording.Channel, len(entries))
	for i, e := range entries {
		list[i] = e.Channel
	}
	return list
}

// onTech reports whether a channel is of a technology, and on the span that a
// DAHDI target names in front of the number ("i1/").
func onTech(channel, tech, span string) bool {
	own, _ := recording.SplitChannel(channel)
	if !sameTech(own, tech) {
		return false
	}
	if span == "" {
		return true
	}
	i := strings.Index(channel, own+"/") + len(own) + 1
	return len(channel) >= i+len(span) && strings.EqualFold(channel[i:i+len(span)], span)
}

// sameTech compares technologies; IAX2 is what Asterisk calls IAX.
func sameTech(a, b string) bool {
	a, b = lower(a), lower(b)
	return a == b || (a == "iax" || a == "iax2") && (b == "iax" || b == "iax2")
}

// lower turns A to Z into a to z and leaves all else, so that no letter of
// another alphabet can pass for one of an extension.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// stateOf reads ChannelState: 0 is down and 6 is up, the rest lies between.
func stateOf(text string) recording.ChannelState {
	switch text {
	case "", "0":
		return recording.Down
	case "6":
		return recording.Up
	}
	return recording.Ringing
}

// number returns a caller id number, which Asterisk calls <unknown> when
// there is none.
func number(text string) string {
	if text == "<unknown>" || text == "<null>" || text == "(null)" {
		return ""
	}
	return text
}

// bornAt reads the seconds in front of the counter of a unique id: when the
// channel was made, by the clock of the PBX. ok is false when that is none.
func bornAt(uniqueID string, now time.Time) (at time.Time, ok bool) {
	seconds, _, found := strings.Cut(uniqueID[strings.LastIndexByte(uniqueID, '-')+1:], ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if !found || err != nil {
		return now, false
	}
	at = time.Unix(n, 0).UTC()
	const longest = 30 * 24 * time.Hour // no call is older, and no clock should be
	if at.Before(now.Add(-longest)) || at.After(now.Add(longest)) {
		return now, false
	}
	return at, true
}
