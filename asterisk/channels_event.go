package asterisk

import (
	"strings"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// channelEvents holds the events of class call whose Channel, Uniqueid, Linkedid and
// ChannelState describe one live channel at that moment.
var channelEvents = map[string]bool{
	"newchannel": true, "newstate": true, "hangup": true, "hold": true, "unhold": true,
	"bridgeenter": true, "bridgeleave": true, "newconnectedline": true, "newcallerid": true,
	"newaccountcode": true, "dialbegin": true, "dialstate": true, "dialend": true, "pickup": true,
	"mixmonitorstart": true, "mixmonitorstop": true, "mixmonitormute": true, "monitorstart": true, "monitorstop": true,
}

// Apply takes one event and returns what it means: ChannelAnswered,
// ChannelHungUp (the channel as it was, already removed) or RecordingMoved (a
// pickup). known is false when the event is about a channel that the table
// should have had: something was missed, and a listing will set it right.
func (t *Table) Apply(m ami.Message, at time.Time) (events []recording.Event, known bool) {
	kind, name := m.Kind()
	if !strings.EqualFold(kind, "Event") {
		return nil, true
	}
	name = lower(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if channelEvents[name] {
		t.silence.hear(name, m.Get("Uniqueid"))
	}
	switch {
	case name == "rename":
		return nil, t.rename(m)
	case name == "bridgedestroy":
		t.destroyBridge(m.Get("BridgeUniqueid"))
		return nil, true
	case name == "hangup":
		return t.hangup(m, at), true
	case !channelEvents[name] || m.Get("Uniqueid") == "" || t.gone[m.Get("Uniqueid")]:
		return nil, true
	}
	e, known := t.byID[m.Get("Uniqueid")]
	was := recording.Down
	if known {
		was = e.State
		t.update(e, m)
	} else if len(t.byID) >= maxChannels {
		return nil, false // a listing says what to make of it
	} else {
		e = t.addNew(m, at)
	}
	e.seen = t.listings
	known = known || name == "newchannel"
	t.special(e, name, m)
	if e.State == recording.Up && was != recording.Up && known {
		t.change(e, func(c *recording.Channel) { c.AnsweredAt = at })
		events = append(events, t.event(recording.ChannelAnswered, e.Channel, at))
	}
	if name == "pickup" {
		events = append(events, t.pickup(e, m, at)...)
	}
	return events, known
}

// addNew makes an entry of an event about a channel that is not known yet.
func (t *Table) addNew(m ami.Message, at time.Time) *entry {
	c := t.describe(m)
	c.CreatedAt = at
	if !strings.EqualFold(m.Get("Event"), "Newchannel") {
		c.CreatedAt, _ = bornAt(c.UniqueID, at)
		if c.State == recording.Up {
			c.AnsweredAt = c.CreatedAt
		}
	}
	return t.add(c)
}

// describe reads the fields that events and rows of listings share. The
// strings are copies: a string of a message keeps all of the message in memory.
func (t *Table) describe(m ami.Message) recording.Channel {
	c := recording.Channel{
		PBX: t.pbx, Name: strings.Clone(m.Get("Channel")), UniqueID: strings.Clone(m.Get("Uniqueid")),
		LinkedID: strings.Clone(m.Get("Linkedid")), CallerID: strings.Clone(number(m.Get("CallerIDNum"))),
		State: stateOf(m.Get("ChannelState")),
	}
	if c.LinkedID == "" {
		c.LinkedID = c.UniqueID
	}
	c.Extension = strings.Clone(t.extensions.of(c.Name, c.CallerID))
	return c
}

// update brings what an event or a row says into an entry. A channel that
// was up stays up: what says otherwise is older than what was known.
func (t *Table) update(e *entry, m ami.Message) {
	name, linked, callerID := m.Get("Channel"), m.Get("Linkedid"), number(m.Get("CallerIDNum"))
	t.change(e, func(c *recording.Channel) {
		if name != "" && (name != c.Name || callerID != c.CallerID) {
			c.Name, c.CallerID = strings.Clone(name), strings.Clone(callerID)
			c.Extension = strings.Clone(t.extensions.of(c.Name, c.CallerID))
		}
		if linked != "" && linked != c.LinkedID {
			c.LinkedID = strings.Clone(linked)
		}
		c.State = max(c.State, stateOf(m.Get("ChannelState")))
	})
}

// special is what an event says besides the state of its channel.
func (t *Table) special(e *entry, name string, m ami.Message) {
	switch name {
	case "bridgeenter":
		bridge := strings.Clone(m.Get("BridgeUniqueid"))
		t.change(e, func(c *recording.Channel) { c.Bridge = bridge })
		e.moved = t.listings
		if strings.EqualFold(m.Get("BridgeType"), "basic") {
			t.link(bridge, e.LinkedID)
		}
	case "bridgeleave":
		if e.Bridge == m.Get("BridgeUniqueid") {
			t.change(e, func(c *recording.Channel) { c.Bridge = "" })
		}
		e.moved = t.listings
	case "hold", "unhold":
		t.change(e, func(c *recording.Channel) { c.OnHold = name == "hold" })
	}
}

// link gives all channels of a basic bridge the linked id of the one that has
// entered. Asterisk gives them all the linked id of the oldest channel, whatever
// its text, and says so of the entering one only.
func (t *Table) link(bridge, linkedID string) {
	for _, e := range append([]*entry(nil), t.byBridge[bridge]...) {
		t.change(e, func(c *recording.Channel) { c.LinkedID = linkedID })
	}
}

// rename takes the new name of a channel. An old Asterisk marks channels that
// are about to vanish so (<ZOMBIE>), which takes them out of their extension.
func (t *Table) rename(m ami.Message) (known bool) {
	id := m.Get("Uniqueid")
	e, ok := t.byID[id]
	if !ok {
		return t.gone[id]
	}
	e.seen = t.listings
	t.change(e, func(c *recording.Channel) {
		c.Name = strings.Clone(m.Get("Newname"))
		c.Extension = strings.Clone(t.extensions.of(c.Name, c.CallerID))
	})
	return true
}

func (t *Table) destroyBridge(bridge string) {
	for _, e := range append([]*entry(nil), t.byBridge[bridge]...) {
		t.change(e, func(c *recording.Channel) { c.Bridge = "" })
		e.moved = t.listings
	}
}

// hangup removes a channel. Last is judged by the linked id that the channel
// had at its end.
func (t *Table) hangup(m ami.Message, at time.Time) []recording.Event {
	id := m.Get("Uniqueid")
	if t.listing && len(t.gone) < maxChannels {
		t.gone[strings.Clone(id)] = true
	}
	e, ok := t.byID[id]
	if !ok {
		return nil
	}
	if linked := m.Get("Linkedid"); linked != "" && linked != e.LinkedID {
		t.change(e, func(c *recording.Channel) { c.LinkedID = strings.Clone(linked) })
	}
	t.remove(e)
	event := t.event(recording.ChannelHungUp, e.Channel, at)
	event.Last = len(t.byLinked[e.LinkedID]) == 0
	return []recording.Event{event}
}

// pickup returns the event that a ringing channel was replaced by the one that
// picked up.
func (t *Table) pickup(by *entry, m ami.Message, at time.Time) []recording.Event {
	target, ok := t.byID[m.Get("TargetUniqueid")]
	if !ok {
		return nil
	}
	event := t.event(recording.RecordingMoved, target.Channel, at)
	event.To = by.Channel
	return []recording.Event{event}
}

func (t *Table) event(kind recording.EventKind, c recording.Channel, at time.Time) recording.Event {
	return recording.Event{Kind: kind, PBX: t.pbx, At: at, Channel: c}
}
