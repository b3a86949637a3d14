package sim

import (
	"maps"
	"slices"
	"strings"
)

// variable returns a channel variable or function, and whether it is set.
// A nil channel means the global variables.
func (w *world) variable(ch *channel, name string) (string, bool) {
	if ch == nil {
		value, set := w.globals[name]
		return value, set
	}
	switch name {
	case "UNIQUEID", "CHANNEL(uniqueid)":
		return ch.uniqueID, true
	case "CHANNEL", "CHANNEL(name)":
		return ch.name, true
	case "CHANNEL(linkedid)", "LINKEDID":
		return ch.linkedID, true
	case "CHANNEL(state)":
		return ch.state.String(), true
	case "EXTEN":
		return ch.exten, true
	case "CALLERID(num)":
		return ch.caller.number, true
	case "BRIDGEPEER":
		return bridgePeer(ch)
	}
	if args, ok := strings.CutPrefix(name, "MIXMONITOR("); ok {
		id, key, _ := strings.Cut(strings.TrimSuffix(args, ")"), ",")
		for _, m := range ch.mixes {
			if m.id == id && key == "filename" {
				return m.shown, true
			}
		}
	}
	value, set := ch.vars[name]
	return value, set
}

func bridgePeer(ch *channel) (string, bool) {
	if ch.bridge == nil || len(ch.bridge.members) != 2 {
		return "", false
	}
	other := ch.bridge.members[0]
	if other == ch {
		other = ch.bridge.members[1]
	}
	return other.name, true
}

// setVariable sets a variable; a nil channel means a global one.
func (w *world) setVariable(ch *channel, name, value string) {
	if ch == nil {
		w.globals[name] = value
		return
	}
	if ch.vars == nil {
		ch.vars = map[string]string{}
	}
	ch.vars[name] = value
	w.s.emit(classDialplan, event("VarSet", classDialplan).snapshot("", ch).with("Variable", name).with("Value", value))
}

// expand replaces ^{NAME} by the value of the variable, as is done with the
// command of a MixMonitor.
func expand(text string, vars map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		text = strings.ReplaceAll(text, "^{"+name+"}", vars[name])
	}
	return text
}

// channelOf finds the channel that a request names; when there is none, it
// answers and returns nil.
func (c *session) channelOf(req message) *channel {
	name := req.get("Channel")
	if name == "" {
		c.send(failure(req, "No channel specified"))
		return nil
	}
	ch := c.s.world.find(name)
	if ch == nil {
		c.send(failure(req, "No such channel"))
	}
	return ch
}

// variableOf returns which variable a request names, and of which channel; a nil
// channel means a global one. If there is no such thing, it answers, and ok is
// false.
func (c *session) variableOf(req message) (ch *channel, name string, ok bool) {
	name = req.get("Variable")
	switch {
	case name == "":
		c.send(failure(req, "No variable specified"))
		return nil, "", false
	case req.get("Channel") == "":
		return nil, name, true
	}
	ch = c.channelOf(req)
	return ch, name, ch != nil
}

// getvar answers with the value of a variable; one that is not set is empty.
func getvar(s *Server, c *session, req message) {
	if ch, name, ok := c.variableOf(req); ok {
		value, _ := s.world.variable(ch, name)
		c.send(success(req).with("Variable", name).with("Value", value))
	}
}

// setvar sets a variable of a channel, or a global one.
func setvar(s *Server, c *session, req message) {
	if ch, name, ok := c.variableOf(req); ok {
		c.send(success(req).with("Message", "Variable Set"))
		s.world.setVariable(ch, name, req.get("Value"))
	}
}

// hangup ends a channel.
func hangup(s *Server, c *session, req message) {
	if ch := c.channelOf(req); ch != nil {
		c.send(success(req).with("Message", "Channel Hungup"))
		ch.hangUp(false)
	}
}
