package sim

import "fmt"

// LocalCall makes the call that Originate makes of Local/FROM@internal and
// TO: two telephones joined by a pair of Local channels, ;1 in the bridge of
// to and ;2 in that of from. The pair stays until the call ends. Caller and
// Callee are the telephones; Locals are the pair.
func (s *Server) LocalCall(from, to string, o CallOptions) (*Call, error) {
	if !extensionText.MatchString(from) || !extensionText.MatchString(to) {
		return nil, fmt.Errorf("local call from %q to %q: no extension", from, to)
	}
	if o.Tech == "" {
		o.Tech = "PJSIP"
	}
	defer s.change()()
	call := s.newCall(o)
	one, two := s.localPair(call, from)
	s.emit(classCall, append(event("LocalBridge", classCall).snapshot("LocalOne", one).snapshot("LocalTwo", two),
		message{{"Context", "internal"}, {"Exten", from}, {"LocalOptimization", "Yes"}}...))
	s.tellDial("DialBegin", nil, one, Header{"DialString", from + "@internal"})
	phone := s.invite(two, from)
	s.setState(phone, up)
	phone.exten = ""
	s.tellDial("DialEnd", two, phone, Header{"DialStatus", "ANSWER"})
	one.caller = phone.caller
	s.setState(one, up)
	s.tell("NewCallerid", one, presentation())
	s.tellDial("DialEnd", nil, one, Header{"DialStatus", "ANSWER"})
	s.setState(two, up)
	b := s.newBridge()
	s.enter(b, phone, nil)
	one.exten = to
	dest := s.invite(one, to)
	two.caller = dest.caller
	s.tell("NewCallerid", two, presentation())
	s.enter(b, two, nil)
	s.connect(phone, dest.caller)
	s.ringUp(one, dest, o.Answer)
	call.caller = phone
	return call, nil
}

func presentation() Header {
	return Header{"CID-CallingPres", "0 (Presentation Allowed, Not Screened)"}
}

// localPair makes both halves of a Local channel.
func (s *Server) localPair(call *Call, ext string) (one, two *channel) {
	return s.localPairAs(call, ext, "internal", "", "")
}

// localPairAs is localPair in a context, with unique ids of somebody's choice.
func (s *Server) localPairAs(call *Call, ext, context, oneID, twoID string) (one, two *channel) {
	name := s.world.channelName("Local", ext+"@"+context)
	one = s.newChannel(name+";1", "")
	s.rename(one, oneID)
	one.linkedID = one.uniqueID
	two = s.newChannel(name+";2", one.linkedID)
	s.rename(two, twoID)
	one.other, two.other = two, one
	two.state = ring
	for _, half := range []*channel{one, two} {
		half.tech, half.ext, half.exten, half.context = "Local", ext, ext, context
		call.join(half)
		s.tell("Newchannel", half)
	}
	call.locals = []*channel{one, two}
	return one, two
}

// Locals returns both halves of the Local channel, ;1 first; none when the
// call has no Local channel.
func (c *Call) Locals() []Channel {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var halves []Channel
	for _, half := range c.locals {
		halves = append(halves, half.public())
	}
	return halves
}

// Fill makes n idle channels, in answered calls of two, for benchmarks. When
// n is odd, the last call is one to a telephone that never answers, less its
// called channel, so that exactly n channels live.
func (s *Server) Fill(n int) []*Call {
	defer s.change()()
	var calls []*Call
	for i := 0; i < n; i += 2 {
		call := s.newCall(CallOptions{Tech: "PJSIP"})
		to := fmt.Sprintf("7%06d", i+1)
		call.caller = s.pickUp(call, fmt.Sprintf("7%06d", i), to, "")
		if i+1 < n {
			s.dial(call.caller, to, 0)
		}
		calls = append(calls, call)
	}
	return calls
}
