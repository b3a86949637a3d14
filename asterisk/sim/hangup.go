package sim

import (
	"slices"
	"strconv"
)

// causes holds the names of the hangup causes that occur here.
var causes = map[int]string{0: "Unknown", 16: "Normal Clearing", 26: "Answered elsewhere"}

// hangUp ends a channel, and with it what cannot live without it: the other
// party of its bridge, or whom it is calling. byPhone tells that the
// telephone did it, not an action.
func (s *Server) hangUp(ch *channel, byPhone bool) {
	if ch.gone {
		return
	}
	if byPhone {
		s.tell("HangupRequest", ch, Header{"Cause", "16"})
	}
	if b := ch.bridge; b != nil && !b.parking {
		s.endBridge(b, ch)
		return
	}
	if d := ch.dials; d != nil && !d.gone && d.state != up {
		s.tellDial("DialEnd", ch, d, Header{"DialStatus", "CANCEL"})
		s.tell("SoftHangupRequest", ch, Header{"Cause", "16"})
		s.remove(ch, 0)
		s.tellCdr(ch)
		s.remove(d, 16)
		return
	}
	if by := ch.dialedBy; by != nil && !by.gone && ch.state != up {
		s.tellDial("DialEnd", by, ch, Header{"DialStatus", "BUSY"})
		s.remove(ch, 16)
		s.hangUp(by, false)
		return
	}
	s.leave(ch)
	s.tell("SoftHangupRequest", ch, Header{"Cause", "16"})
	s.remove(ch, 16)
	if ch.other != nil { // a Local channel ends as a whole
		s.hangUp(ch.other, false)
	}
}

// endBridge ends a bridge of two because first hangs up.
func (s *Server) endBridge(b *bridge, first *channel) {
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
		s.leave(ch)
		if ch.dials != nil {
			s.tell("SoftHangupRequest", ch, Header{"Cause", "16"})
		}
	}
	s.dissolve(b)
	for _, ch := range members {
		if ch.dials != nil {
			s.tellCdr(ch)
		}
	}
	for _, ch := range members {
		s.remove(ch, 16)
	}
	for _, ch := range members {
		if ch.other != nil { // a Local channel ends as a whole
			s.hangUp(ch.other, false)
		}
	}
}

// remove takes a channel out of the world. Its recordings are complete
// before the event is sent.
func (s *Server) remove(ch *channel, cause int) {
	if ch.gone {
		return
	}
	s.endRecordings(ch)
	ch.gone = true
	delete(s.world.byName, ch.name)
	delete(s.world.byID, ch.uniqueID)
	if ch.parked != "" {
		delete(s.world.parked, ch.parked)
	}
	s.tell("Hangup", ch, Header{"Cause", strconv.Itoa(cause)}, Header{"Cause-txt", causes[cause]})
	if ch.call == nil {
		return
	}
	ch.call.live--
	if ch.call.live == 0 {
		s.world.calls--
		s.world.processed++
		close(ch.call.done)
	}
}
