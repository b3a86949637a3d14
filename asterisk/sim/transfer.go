package sim

import "time"

// Hold lets the telephone of an extension put the call on hold: it sends
// nothing until Unhold.
func (c *Call) Hold(ext string) error { return c.hold(ext, "Hold", true) }

// Unhold takes the call from hold.
func (c *Call) Unhold(ext string) error { return c.hold(ext, "Unhold", false) }

func (c *Call) hold(ext, name string, on bool) error {
	defer c.s.change()()
	ch, err := c.phone(ext)
	if err != nil {
		return err
	}
	ch.held = on
	c.s.tell(name, ch)
	return nil
}

// partner returns the channel of an extension and the one that it talks to.
func (c *Call) partner(ext string) (ch, other *channel, err error) {
	if ch, err = c.phone(ext); err != nil {
		return nil, nil, err
	}
	if ch.bridge == nil || ch.bridge.parking {
		return nil, nil, errNotUp
	}
	for _, m := range ch.bridge.members {
		if m != ch {
			return ch, m, nil
		}
	}
	return nil, nil, errNotUp
}

// settle makes stays the caller of the call; dial will set the callee.
func (c *Call) settle(stays *channel) {
	if c.caller != stays {
		c.caller, c.callee = stays, nil
	}
}

// BlindTransfer lets by hand its partner over to another extension, which
// answers at once, and leave.
func (c *Call) BlindTransfer(by, to string) error {
	defer c.s.change()()
	leaves, stays, err := c.partner(by)
	if err != nil {
		return err
	}
	s, b := c.s, leaves.bridge
	s.tell("Unhold", leaves)
	s.tellBlind(leaves, stays, to)
	s.leave(leaves)
	if leaves.dials != nil {
		s.tell("SoftHangupRequest", leaves, Header{"Cause", "16"})
	}
	stays.exten, stays.priority = to, 1
	s.leave(stays)
	s.dissolve(b)
	for _, ch := range []*channel{leaves, stays} {
		if ch.dials != nil {
			s.tellCdr(ch)
		}
	}
	s.remove(leaves, 16)
	c.settle(stays)
	s.dial(stays, to, 0)
	return nil
}

func (s *Server) tellBlind(leaves, stays *channel, to string) {
	m := event("BlindTransfer", classCall).with("Result", "Success")
	m = m.snapshot("Transferer", leaves).snapshot("Transferee", stays).bridgeHeaders("", leaves.bridge)
	s.emit(classCall, append(m, Header{"IsExternal", "Yes"}, Header{"Context", "internal"}, Header{"Extension", to}))
}

// AttendedTransfer lets by call another extension, which answers at once,
// and then hand its partner over to it.
func (c *Call) AttendedTransfer(by, to string) error {
	consultation, err := c.s.Call(by, to, CallOptions{Tech: c.options.Tech})
	if err != nil {
		return err
	}
	if err := c.Refer(by, consultation); err != nil {
		consultation.Hangup()
		return err
	}
	return nil
}

// Refer ends an attended transfer as telephones do it: by, who talks in both
// calls, leaves both, and its partner of this call takes its place in the
// consultation. The target then belongs to this call.
func (c *Call) Refer(by string, consultation *Call) error {
	defer c.s.change()()
	first, stays, err := c.partner(by)
	if err != nil {
		return err
	}
	second, target, err := consultation.partner(by)
	if err != nil {
		return err
	}
	s, from, to := c.s, first.bridge, second.bridge
	transferred := attended(first, second, stays, target)
	s.tell("Unhold", first)
	s.tell("Unhold", second)
	s.leave(stays)
	s.leave(second)
	s.enter(to, stays, second)
	s.connect(target, stays.caller)
	s.tell("SoftHangupRequest", second, Header{"Cause", "1"})
	s.emit(classCall, transferred)
	s.leave(first)
	s.dissolve(from)
	s.remove(first, 16)
	s.connect(stays, target.caller)
	s.tell("SoftHangupRequest", second, Header{"Cause", "16"})
	s.tellCdr(second)
	consultation.move(target, c)
	s.remove(second, 16)
	c.settle(stays)
	c.callee = target
	stays.dials = target
	return nil
}

// move makes a channel of one call one of another.
func (c *Call) move(ch *channel, to *Call) {
	c.live--
	to.join(ch)
}

// attended describes an attended transfer, before anything has changed.
func attended(first, second, stays, target *channel) message {
	m := event("AttendedTransfer", classCall).with("Result", "Success")
	m = m.snapshot("OrigTransferer", first).bridgeHeaders("Orig", first.bridge)
	m = m.snapshot("SecondTransferer", second).bridgeHeaders("Second", second.bridge)
	m = m.snapshot("Transferee", stays).snapshot("TransferTarget", target)
	return append(m, Header{"IsExternal", "No"}, Header{"DestType", "Bridge"},
		Header{"DestBridgeUniqueid", second.bridge.id})
}

// Pickup lets another telephone take the call that rings: its channel
// replaces the called one, which hangs up. MixMonitors of that one go on on
// the new channel, and no event tells so; its Monitor ends.
func (c *Call) Pickup(by string) error {
	defer c.s.change()()
	old := c.callee
	if old == nil || old.gone || old.state == up {
		return errAnswered
	}
	s, caller := c.s, old.dialedBy
	ch := s.pickUp(c, by, "9"+old.ext, "")
	s.connect(ch, caller.caller)
	s.setState(ch, up)
	s.emit(classCall, event("Pickup", classCall).snapshot("", ch).snapshot("Target", old))
	if s.o.Version == 16 { // so captured; 22 tells the exchange of the channels later
		old.exten = ch.exten
	}
	s.tell("SoftHangupRequest", old, Header{"Cause", "16"})
	old.exten = ch.exten
	ch.mixes, old.mixes = old.mixes, nil
	for _, m := range ch.mixes {
		m.moveTo(ch)
	}
	ch.hooked = old.hooked
	ch.dialedBy, caller.dials, c.callee = caller, ch, ch
	ch.exten, ch.app, ch.data = "", old.app, old.data
	s.connect(caller, ch.caller)
	s.remove(old, 26)
	s.tellCdr(old)
	s.join(caller, ch)
	return nil
}

// parkedFor is how long the one who parks stays, hearing the space's number.
const parkedFor = 2600 * time.Millisecond

// Park lets by park its partner, and returns the space: 701 and on. The
// parked channel stays until it hangs up or is retrieved.
func (c *Call) Park(by string) (space string, err error) {
	defer c.s.change()()
	leaves, stays, err := c.partner(by)
	if err != nil {
		return "", err
	}
	s := c.s
	space = s.freeSpace()
	s.tell("Unhold", leaves)
	s.tellBlind(leaves, stays, "700")
	s.leave(stays)
	b := &bridge{id: newID(), parking: true}
	s.enter(b, stays, nil)
	stays.parked, s.world.parked[space], c.space = space, stays, space
	s.tellParked("ParkedCall", stays, nil, message{{"ParkerDialString", leaves.tech + "/" + leaves.ext}}, 0)
	s.later(parkedFor, func() { s.hangUp(leaves, false) })
	c.settle(stays)
	return space, nil
}

// Retrieve lets a telephone bring the parked call back.
func (c *Call) Retrieve(by string) error {
	defer c.s.change()()
	s, stays := c.s, c.s.world.parked[c.space]
	if stays == nil || c.space == "" {
		return errOver
	}
	ch := s.pickUp(c, by, c.space, "")
	s.setState(ch, up)
	b := s.newBridge()
	s.leave(stays)
	s.tellParked("UnParkedCall", stays, ch, message{{"ParkerDialString", stays.tech + "/" + stays.connected.number}}, 1)
	delete(s.world.parked, c.space)
	stays.parked, c.space = "", ""
	s.enter(b, stays, nil)
	s.enter(b, ch, nil)
	s.connect(ch, stays.caller)
	s.connect(stays, ch.caller)
	c.settle(stays)
	c.callee = ch
	return nil
}
