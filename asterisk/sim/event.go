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

// tell sends an event of class call that describes the channel, with more
// headers behind it.
func (ch *channel) tell(name string, more ...Header) {
	if len(ch.w.s.sessions) == 0 {
		return
	}
	ch.w.s.emit(classCall, append(event(name, classCall).snapshot("", ch), more...))
}

// tellDial sends an event about a call to the channel; by is nil if no channel
// calls it.
func (ch *channel) tellDial(name string, by *channel, more Header) {
	m := event(name, classCall)
	if by != nil {
		m = m.snapshot("", by)
	}
	ch.w.s.emit(classCall, append(m.snapshot("Dest", ch), more))
}

// connect makes another party the one that a channel is connected with.
func (ch *channel) connect(with party) {
	ch.connected = with
	ch.tell("NewConnectedLine")
}

// setState moves a channel to a state.
func (ch *channel) setState(to state) {
	ch.state = to
	if to == up && ch.answered.IsZero() {
		ch.answered = ch.w.s.o.Now()
	}
	ch.tell("Newstate")
}

const cdrTime = "2006-01-02 15:04:05"

// tellCdr sends the call detail record of a channel and whom it dialled.
func (ch *channel) tellCdr() {
	now := ch.w.s.o.Now()
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
	ch.w.s.emit(classCDR, append(event("Cdr", classCDR), message{
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
