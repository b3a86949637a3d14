package sim

import (
	"strconv"
	"time"
)

// event begins an event with its name and privilege.
func event(name string, of class) message {
	return message{{"Event", name}, {"Privilege", of.String()}}
}

// emit sends an event to every session that sees its class.
func (s *Server) emit(of class, m message) {
	var encoded []byte
	for c := range s.sessions {
		if !c.sees(of) {
			continue
		}
		if encoded == nil {
			encoded = m.encode(nil)
		}
		c.queue(encoded)
	}
}

// tell sends an event of class call that describes one channel, with more
// headers behind it.
func (s *Server) tell(name string, ch *channel, more ...Header) {
	if len(s.sessions) == 0 {
		return
	}
	s.emit(classCall, append(event(name, classCall).snapshot("", ch), more...))
}

// tellDial sends an event of the dialling of dest by ch; nil is no channel.
func (s *Server) tellDial(name string, ch, dest *channel, more Header) {
	m := event(name, classCall)
	if ch != nil {
		m = m.snapshot("", ch)
	}
	s.emit(classCall, append(m.snapshot("Dest", dest), more))
}

// connect makes another party the one that a channel is connected with.
func (s *Server) connect(ch *channel, with party) {
	ch.connected = with
	s.tell("NewConnectedLine", ch)
}

// setState moves a channel to a state.
func (s *Server) setState(ch *channel, to state) {
	ch.state = to
	if to == up && ch.answered.IsZero() {
		ch.answered = s.o.Now()
	}
	s.tell("Newstate", ch)
}

const cdrTime = "2006-01-02 15:04:05"

// tellCdr sends the call detail record of a channel and whom it dialled.
func (s *Server) tellCdr(ch *channel) {
	now := s.o.Now()
	dest, answer, billed, disposition := "", "", time.Duration(0), "NO ANSWER"
	if d := ch.dials; d != nil {
		dest = d.name
		if d.state == up && !d.answered.IsZero() {
			answer, billed, disposition = d.answered.UTC().Format(cdrTime), now.Sub(d.answered), "ANSWERED"
		}
	}
	dialed := ch.exten
	if ch.dials != nil {
		dialed = ch.dials.ext
	}
	s.emit(classCDR, append(event("Cdr", classCDR), message{
		{"AccountCode", ""},
		{"Source", ch.caller.number},
		{"Destination", dialed},
		{"DestinationContext", ch.context},
		{"CallerID", `"` + ch.caller.name + `" <` + ch.caller.number + `>`},
		{"Channel", ch.name},
		{"DestinationChannel", dest},
		{"LastApplication", ch.app},
		{"LastData", ch.data},
		{"StartTime", ch.created.UTC().Format(cdrTime)},
		{"AnswerTime", answer},
		{"EndTime", now.UTC().Format(cdrTime)},
		{"Duration", strconv.Itoa(int(now.Sub(ch.created).Seconds()))},
		{"BillableSeconds", strconv.Itoa(int(billed.Seconds()))},
		{"Disposition", disposition},
		{"AMAFlags", "DOCUMENTATION"},
		{"UniqueID", ch.uniqueID},
		{"UserField", ""},
	}...))
}
