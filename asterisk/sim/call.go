package sim

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Never as CallOptions.Answer lets the called telephone ring forever.
const Never time.Duration = -1

// CallOptions say how a call goes.
type CallOptions struct {
	Tech     string        // "PJSIP" (default) or "SIP"
	Answer   time.Duration // when the called telephone answers; 0: at once; Never
	Duration time.Duration // after the answer the caller hangs up; 0: until somebody does
	UniqueID string        // of the caller's channel; empty: as Asterisk counts
}

// Call is a call between two telephones. Transfers change who they are.
type Call struct {
	s              *Server
	options        CallOptions
	caller, callee *channel // guarded by the server's mutex
	locals         []*channel
	live           int // channels that are not gone
	space          string
	done           chan struct{}
}

// Errors of scripts.
var (
	errOver     = errors.New("the call is over")
	errNotInIt  = errors.New("no channel of this call has that extension")
	errAnswered = errors.New("the call is answered or over")
	errNotUp    = errors.New("the call is not answered")
)

var extensionText = regexp.MustCompile(`^[A-Za-z0-9_.+*#-]{1,80}$`)

// Call lets the telephone from call the telephone to.
func (s *Server) Call(from, to string, o CallOptions) (*Call, error) {
	if o.Tech == "" {
		o.Tech = "PJSIP"
	}
	for _, text := range []string{from, to, o.Tech} {
		if !extensionText.MatchString(text) {
			return nil, fmt.Errorf("call %s from %s: %q is no extension", to, from, text)
		}
	}
	defer s.change()()
	call := s.world.newCall(o)
	call.caller = call.pickUp(from, to)
	call.caller.dial(to, o.Answer)
	return call, nil
}

func (w *world) newCall(o CallOptions) *Call {
	w.calls++
	return &Call{s: w.s, options: o, done: make(chan struct{})}
}

// join makes a channel one of this call's.
func (c *Call) join(ch *channel) {
	ch.call = c
	c.live++
}

// pickUp makes the channel of a telephone that starts to call.
func (c *Call) pickUp(from, to string) *channel {
	ch := c.s.world.newPhone(c.options.Tech, from, "")
	ch.exten, ch.dialed = to, to
	if id := c.options.UniqueID; id != "" && c.caller == nil {
		ch.rename(id)
		ch.linkedID = id
	}
	c.join(ch)
	if c.options.Tech == "PJSIP" {
		ch.state = ring
	}
	ch.tell("Newchannel")
	if ch.state != ring { // chan_sip makes the channel first
		ch.setState(ring)
	}
	return ch
}

// dial lets the channel call an extension, which answers after a while.
func (ch *channel) dial(to string, answer time.Duration) {
	ch.invite(to).ringUp(answer)
}

// invite makes the channel of a telephone that is called.
func (by *channel) invite(to string) *channel {
	call := by.call
	tech := call.options.Tech
	by.priority, by.app, by.data = 2, "Dial", tech+"/"+to+",20,tT"
	ch := by.w.newPhone(tech, to, by.linkedID)
	ch.exten = "s"
	call.join(ch)
	call.callee = ch
	ch.tell("Newchannel")
	ch.exten, ch.app, ch.data = to, "AppDial", "(Outgoing Line)"
	if by.caller != nobody() {
		ch.connect(by.caller)
	}
	by.dials, ch.dialedBy = ch, by
	ch.tellDial("DialBegin", by, Header{"DialString", to})
	by.connect(ch.caller)
	return ch
}

// ringUp lets a called telephone answer, now or after a while.
func (ch *channel) ringUp(answer time.Duration) {
	if answer == 0 {
		ch.answer()
		return
	}
	ch.setState(ringing)
	ch.tellDial("DialState", ch.dialedBy, Header{"DialStatus", "RINGING"})
	if answer > 0 {
		ch.w.later(answer, ch.answer)
	}
}

// answer lets a called telephone answer; a dead or answered one does not.
func (ch *channel) answer() {
	if ch.gone || ch.state == up {
		return
	}
	ch.setState(up)
	ch.exten = ""
	ch.dialedBy.bridgeWith(ch)
}

// bridgeWith bridges a caller with the channel that answered it.
func (by *channel) bridgeWith(ch *channel) {
	ch.tellDial("DialEnd", by, Header{"DialStatus", "ANSWER"})
	if by.state != up {
		by.setState(up)
	}
	b := by.w.newBridge()
	b.enter(ch, nil)
	b.enter(by, nil)
	if d := ch.call.options.Duration; d > 0 {
		by.w.later(d, func() { ch.call.caller.hangUp(true) })
	}
}

// Caller returns the calling party, Callee the called one. After a transfer
// the new party has the place of the one that left; a party without a
// successor stays what it was.
func (c *Call) Caller() Channel { return c.look(func() *channel { return c.caller }) }

// Callee returns the called party.
func (c *Call) Callee() Channel { return c.look(func() *channel { return c.callee }) }

func (c *Call) look(which func() *channel) Channel {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return which().public()
}

// Done is closed when the last channel of the call is gone.
func (c *Call) Done() <-chan struct{} { return c.done }

// Answer lets the called telephone answer now.
func (c *Call) Answer() error {
	defer c.s.change()()
	if c.callee == nil || c.callee.gone || c.callee.state == up {
		return errAnswered
	}
	c.callee.answer()
	return nil
}

// Hangup lets the caller hang up, which ends the call. Of a call that is over
// nothing is left to do.
func (c *Call) Hangup() {
	defer c.s.change()()
	for _, ch := range []*channel{c.caller, c.callee} {
		if ch != nil && !ch.gone {
			ch.hangUp(true)
		}
	}
}

// phone finds the live channel of an extension in this call.
func (c *Call) phone(ext string) (*channel, error) {
	if c.live == 0 {
		return nil, errOver
	}
	for _, ch := range []*channel{c.caller, c.callee} {
		if ch != nil && !ch.gone && ch.ext == ext {
			return ch, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", errNotInIt, ext)
}
