package sim

import (
	"strings"
)

// tonePlace is an extension of the dialplan that answers and plays a tone.
type tonePlace struct{ extension, context string }

// AddTone adds an extension to the dialplan that answers and plays a tone of
// hz hertz to whoever is there; 0 is silence. It is what Originate can call.
func (s *Server) AddTone(extension, context string, hz float64) {
	defer s.change()()
	if s.fault.places == nil {
		s.fault.places = map[tonePlace]float64{}
	}
	s.fault.places[tonePlace{extension, context}] = hz
}

// originate simulates one use of Originate, with Async: a Local channel to an
// extension of AddTone whose first half runs an extension of AddTone as well.
func originate(s *Server, c *session, req message) {
	to, local := strings.CutPrefix(strings.TrimSuffix(req.get("Channel"), "/n"), "Local/")
	ext, context, _ := strings.Cut(to, "@")
	other, plays := s.fault.places[tonePlace{ext, context}]
	own, runs := s.fault.places[tonePlace{req.get("Exten"), req.get("Context")}]
	switch {
	case !local || req.get("Async") != "true" || req.get("Application") != "":
		c.send(failure(req, "Not simulated: this use of Originate"))
		return
	case !runs:
		c.send(failure(req, "Extension does not exist."))
		return
	}
	c.send(success(req).with("Message", "Originate successfully queued"))
	if !plays {
		s.world.tellOriginated(req, "Failure", "0", "<null>")
		return
	}
	call := s.world.newCall(CallOptions{})
	one, two := call.localPair(ext, context, req.get("ChannelId"), req.get("OtherChannelId"))
	s.emit(classCall, append(event("LocalBridge", classCall).snapshot("LocalOne", one).snapshot("LocalTwo", two),
		message{{"Context", context}, {"Exten", ext}, {"LocalOptimization", "No"}}...))
	one.tellDial("DialBegin", nil, Header{"DialString", to + "/n"})
	one.plays, two.plays = own, other
	two.setState(up)
	one.setState(up)
	s.world.tellOriginated(req, "Success", "4", one.uniqueID)
	one.tellDial("DialEnd", nil, Header{"DialStatus", "ANSWER"})
	call.caller, call.callee = one, two
}

// tellOriginated tells how an Originate went.
func (w *world) tellOriginated(req message, response, reason, uniqueID string) {
	m := event("OriginateResponse", classCall)
	if id := req.get("ActionID"); id != "" {
		m = m.with("ActionID", id)
	}
	w.s.emit(classCall, append(m, message{
		{"Response", response},
		{"Channel", req.get("Channel")},
		{"Context", req.get("Context")},
		{"Exten", req.get("Exten")},
		{"Reason", reason},
		{"Uniqueid", uniqueID},
		{"CallerIDNum", unknown},
		{"CallerIDName", unknown},
	}...))
}

// rename gives a channel that nobody knows yet another unique id.
func (ch *channel) rename(uniqueID string) {
	if uniqueID == "" {
		return
	}
	delete(ch.w.byID, ch.uniqueID)
	ch.uniqueID = uniqueID
	ch.w.byID[uniqueID] = ch
}
