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
	call := s.world.newCall(o)
	one, two := call.localPair(from, "internal", "", "")
	s.emit(classCall, append(event("LocalBridge", classCall).snapshot("LocalOne", one).snapshot("LocalTwo", two),
		message{{"Context", "internal"}, {"Exten", from}, {"LocalOptimization", "Yes"}}...))
	one.tellDial("DialBegin", nil, Header{"DialString", from + "@internal"})
	phone := two.invite(from)
	phone.setState(up)
	phone.exten = ""
	phone.tellDial("DialEnd", two, Header{"DialStatus", "ANSWER"})
	one.caller = phone.caller
	one.setState(up)
	one.tell("NewCallerid", presentation())
	one.tellDial("DialEnd", nil, Header{"DialStatus", "ANSWER"})
	two.setState(up)
	b := s.world.newBridge()
	b.enter(phone, nil)
	one.exten = to
	dest := one.invite(to)
	two.caller = dest.caller
	two.tell("NewCallerid", presentation())
	b.enter(two, nil)
	phone.connect(dest.caller)
	dest.ringUp(o.Answer)
	call.caller = phone
	return call, nil
}

func presentation() Header {
	return Header{"CID-CallingPres", "0 (Presentation Allowed, Not Screened)"}
}

// localPair makes both halves of a Local channel; an empty id is one as Asterisk
// counts.
func (c *Call) localPair(ext, context, oneID, twoID string) (one, two *channel) {
	w := c.s.world
	name := w.channelName("Local", ext+"@"+context)
	one = w.newChannel(name+";1", "")
	one.rename(oneID)
	one.linkedID = one.uniqueID
	two = w.newChannel(name+";2", one.linkedID)
	two.rename(twoID)
	one.other, two.other = two, one
	two.state = ring
	for _, half := range []*channel{one, two} {
		half.tech, half.ext, half.exten, half.context = "Local", ext, ext, context
		c.join(half)
		half.tell("Newchannel")
	}
	c.locals = []*channel{one, two}
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
		call := s.world.newCall(CallOptions{Tech: "PJSIP"})
		to := fmt.Sprintf("7%06d", i+1)
		call.caller = call.pickUp(fmt.Sprintf("7%06d", i), to)
		if i+1 < n {
			call.caller.dial(to, 0)
		}
		calls = append(calls, call)
	}
	return calls
}
