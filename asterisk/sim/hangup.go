package sim

import (
	"slices"
	"strconv"
)

// causes holds the names of the hangup causes that occur here.
var causes = map[int]string{0: "Unknown", 16: "Normal Clearing", 26: "Answered elsewhere"}

// hangUp ends a channel, and with it what cannot live without it: the other
// party of its bridge, or whom it is calling. byPhone means that the
// telephone did it, not an action.
func (ch *channel) hangUp(byPhone bool) {
	if ch.gone {
		return
	}
	if byPhone {
		ch.tell("HangupRequest", Header{"Cause", "16"})
	}
	if b := ch.bridge; b != nil && !b.parking {
		b.end(ch)
		return
	}
	if d := ch.dials; d != nil && !d.gone && d.state != up {
		d.tellDial("DialEnd", ch, Header{"DialStatus", "CANCEL"})
		ch.tell("SoftHangupRequest", Header{"Cause", "16"})
		ch.remove(0)
		ch.tellCdr()
		d.remove(16)
		return
	}
	if by := ch.dialedBy; by != nil && !by.gone && ch.state != up {
		ch.tellDial("DialEnd", by, Header{"DialStatus", "BUSY"})
		ch.remove(16)
		by.hangUp(false)
		return
	}
	ch.leave()
	ch.tell("SoftHangupRequest", Header{"Cause", "16"})
	ch.remove(16)
	if ch.other != nil { // a Local channel ends as a whole
		ch.other.hangUp(false)
	}
}

// end ends a bridge of two because first hangs up.
func (b *bridge) end(first *channel) {
	members := slices.Clone(b.members)
	slices.SortFunc(members, func(x, y *channel) int {
		switch {
		case x == first:
			return -1
		case y == first:
			return 1
		}
		return 0
	})
	for _, ch := range members {
		ch.leave()
		if ch.dials != nil {
			ch.tell("SoftHangupRequest", Header{"Cause", "16"})
		}
	}
	b.dissolve()
	for _, ch := range members {
		if ch.dials != nil {
			ch.tellCdr()
		}
	}
	for _, ch := range members {
		ch.remove(16)
	}
	for _, ch := range members {
		if ch.other != nil { // a Local channel ends as a whole
			ch.other.hangUp(false)
		}
	}
}

// remove takes a channel out of the world. Its recordings are complete
// before the event is sent.
func (ch *channel) remove(cause int) {
	if ch.gone {
		return
	}
	ch.endRecordings()
	ch.gone = true
	delete(ch.w.byName, ch.name)
	delete(ch.w.byID, ch.uniqueID)
	if ch.parked != "" {
		delete(ch.w.parked, ch.parked)
	}
	ch.tell("Hangup", Header{"Cause", strconv.Itoa(cause)}, Header{"Cause-txt", causes[cause]})
	if ch.call == nil {
		return
	}
	ch.call.live--
	if ch.call.live == 0 {
		ch.w.calls--
		ch.w.processed++
		close(ch.call.done)
	}
}
