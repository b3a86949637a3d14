package sim

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Never as CallOptions.Answer lets the called telephone ring for ever.
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
	call := s.newCall(o)
	call.caller = s.pickUp(call, from, to, "")
	s.dial(call.caller, to, o.Answer)
	return call, nil
}

func (s *Server) newCall(o CallOptions) *Call {
	s.world.calls++
	return &Call{s: s, options: o, done: make(chan struct{})}
}

// join makes a channel one of this call's.
func (c *Call) join(ch *channel) {
	ch.call = c
	c.live++
}

// pickUp makes the channel of a telephone that starts to call.
func (s *Server) pickUp(call *Call, from, to, linkedID string) *channel {
	ch := s.newPhone(call.options.Tech, from, linkedID)
	ch.exten, ch.dialed = to, to
	if id := call.options.UniqueID; id != "" && call.caller == nil {
		s.rename(ch, id)
		ch.linkedID = id
	}
	call.join(ch)
	if call.options.Tech == "PJSIP" {
		ch.state = ring
	}
	s.tell("Newchannel", ch)
	if ch.state != ring { // chan_sip makes the channel first
		s.setState(ch, ring)
	}
	return ch
}

// dial lets a channel call an extension, which answers after a while.
func (s *Server) dial(by *channel, to string, answer time.Duration) {
	s.ringUp(by, s.invite(by, to), answer)
}

// invite makes the channel of a telephone that is called.
func (s *Server) invite(by *channel, to string) *channel {
	call := by.call
	tech := call.options.Tech
	by.priority, by.app, by.data = 2, "Dial", tech+"/"+to+",20,tT"
	ch := s.newPhone(tech, to, by.linkedID)
	ch.exten = "s"
	call.join(ch)
	call.callee = ch
	s.tell("Newchannel", ch)
	ch.exten, ch.app, ch.data = to, "AppDial", "(Outgoing Line)"
	if by.caller != nobody() {
		s.connect(ch, by.caller)
	}
	by.dials, ch.dialedBy = ch, by
	s.tellDial("DialBegin", by, ch, Header{"DialString", to})
	s.connect(by, ch.caller)
	return ch
}

// ringUp lets a called telephone answer, now or after a while.
func (s *Server) ringUp(by, ch *channel, answer time.Duration) {
	if answer == 0 {
		s.answer(ch)
		return
	}
	s.setState(ch, ringing)
	s.tellDial("DialState", by, ch, Header{"DialStatus", "RINGING"})
	if answer > 0 {
		s.later(answer, func() { s.answer(ch) })
	}
}

// answer lets a called telephone answer; a dead or answered one does not.
func (s *Server) answer(ch *channel) {
	if ch.gone || ch.state == up {
		return
	}
	s.setState(ch, up)
	ch.exten = ""
	s.join(ch.dialedBy, ch)
}

// join bridges a caller with the channel that answered it.
func (s *Server) join(by, ch *channel) {
	s.tellDial("DialEnd", by, ch, Header{"DialStatus", "ANSWER"})
	if by.state != up {
		s.setState(by, up)
	}
	b := s.newBridge()
	s.enter(b, ch, nil)
	s.enter(b, by, nil)
	if d := ch.call.options.Duration; d > 0 {
		s.later(d, func() { s.hangUp(ch.call.caller, true) })
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
	c.s.answer(c.callee)
	return nil
}

// Hangup lets the caller hang up, which ends the call. Of a call that is over
// nothing is left to do.
func (c *Call) Hangup() {
	defer c.s.change()()
	for _, ch := range []*channel{c.caller, c.callee} {
		if ch != nil && !ch.gone {
			c.s.hangUp(ch, true)
		}
	}
}

// HangupBy lets the telephone with this extension hang up.
func (c *Call) HangupBy(ext string) error {
	defer c.s.change()()
	ch, err := c.phone(ext)
	if err != nil {
		return err
	}
	c.s.hangUp(ch, true)
	return nil
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
