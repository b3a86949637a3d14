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
	ch.tell(name)
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
	b := leaves.bridge
	leaves.tell("Unhold")
	c.s.emit(classCall, blind(leaves, stays, to))
	leaves.leave()
	if leaves.dials != nil {
		leaves.tell("SoftHangupRequest", Header{"Cause", "16"})
	}
	stays.exten, stays.priority = to, 1
	stays.leave()
	b.dissolve()
	for _, ch := range []*channel{leaves, stays} {
		if ch.dials != nil {
			ch.tellCdr()
		}
	}
	leaves.remove(16)
	c.settle(stays)
	stays.dial(to, 0)
	return nil
}

// blind describes a blind transfer, before anything has changed.
func blind(leaves, stays *channel, to string) message {
	m := event("BlindTransfer", classCall).with("Result", "Success")
	m = m.snapshot("Transferer", leaves).snapshot("Transferee", stays).bridgeHeaders("", leaves.bridge)
	return append(m, Header{"IsExternal", "Yes"}, Header{"Context", "internal"}, Header{"Extension", to})
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
	first.tell("Unhold")
	second.tell("Unhold")
	stays.leave()
	second.leave()
	to.enter(stays, second)
	target.connect(stays.caller)
	second.tell("SoftHangupRequest", Header{"Cause", "1"})
	s.emit(classCall, transferred)
	first.leave()
	from.dissolve()
	first.remove(16)
	stays.connect(target.caller)
	second.tell("SoftHangupRequest", Header{"Cause", "16"})
	second.tellCdr()
	consultation.move(target, c)
	second.remove(16)
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
	ch := c.pickUp(by, "9"+old.ext)
	ch.connect(caller.caller)
	ch.setState(up)
	s.emit(classCall, event("Pickup", classCall).snapshot("", ch).snapshot("Target", old))
	if s.o.Version == 16 { // so captured; 22 tells the exchange of the channels later
		old.exten = ch.exten
	}
	old.tell("SoftHangupRequest", Header{"Cause", "16"})
	old.exten = ch.exten
	ch.mixes, old.mixes = old.mixes, nil
	for _, m := range ch.mixes {
		m.moveTo(ch)
	}
	ch.hooked = old.hooked
	ch.dialedBy, caller.dials, c.callee = caller, ch, ch
	ch.exten, ch.app, ch.data = "", old.app, old.data
	caller.connect(ch.caller)
	old.remove(26)
	old.tellCdr()
	caller.bridgeWith(ch)
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
	space = s.world.freeSpace()
	leaves.tell("Unhold")
	s.emit(classCall, blind(leaves, stays, "700"))
	stays.leave()
	b := &bridge{w: s.world, id: newID(), parking: true}
	b.enter(stays, nil)
	stays.parked, s.world.parked[space], c.space = space, stays, space
	stays.tellParked("ParkedCall", nil, message{{"ParkerDialString", leaves.tech + "/" + leaves.ext}}, 0)
	s.world.later(parkedFor, func() { leaves.hangUp(false) })
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
	ch := c.pickUp(by, c.space)
	ch.setState(up)
	b := s.world.newBridge()
	stays.leave()
	stays.tellParked("UnParkedCall", ch, message{{"ParkerDialString", stays.tech + "/" + stays.connected.number}}, 1)
	delete(s.world.parked, c.space)
	stays.parked, c.space = "", ""
	b.enter(stays, nil)
	b.enter(ch, nil)
	ch.connect(stays.caller)
	stays.connect(ch.caller)
	c.settle(stays)
	c.callee = ch
	return nil
}
