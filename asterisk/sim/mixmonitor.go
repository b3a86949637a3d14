package sim

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// mix is one run of MixMonitor: up to three files of one channel.
type mix struct {
	id      string
	ch      *channel
	shown   string // full name of the mixed file; empty when there is none
	command string // what would be run in a shell afterwards
	tapes   []*tape
}

// moveTo makes another channel the one that is recorded.
func (m *mix) moveTo(ch *channel) {
	m.ch = ch
	for _, t := range m.tapes {
		t.ch = ch
	}
}

// mixMonitor starts a MixMonitor. It says Success even when no file can be
// made, as Asterisk does.
func mixMonitor(s *Server, c *session, req message) {
	ch := c.channelOf(req)
	if ch == nil {
		return
	}
	args := splitArguments(req.get("File") + "," + req.get("Options") + "," + req.get("Command"))
	options := parseOptions(args[1])
	if args[0] == "" && options['r'] == "" && options['t'] == "" {
		c.send(failure(req, "Could not start monitoring channel"))
		return
	}
	m := ch.newMix(args, options)
	answer := success(req)
	if variable := options['i']; variable != "" {
		s.world.setVariable(ch, variable, m.id)
		answer = answer.with("MixMonitorID", m.id)
	}
	c.send(answer)
	ch.tell("MixMonitorStart")
}

// newMix makes a MixMonitor and starts its tapes. args are the file, the
// options as text and the command.
func (ch *channel) newMix(args [3]string, options map[rune]string) *mix {
	m := &mix{id: ch.w.mixID(), ch: ch, command: args[2]}
	if args[0] != "" {
		m.shown = ch.w.shownName(args[0])
		ch.w.setVariable(ch, "MIXMONITOR_FILENAME", m.shown)
	}
	m.command = expand(m.command, ch.vars)
	_, bridgedOnly := options['b']
	_, inStep := options['S']
	for _, f := range []struct {
		name  string
		voice voice
	}{{args[0], mixed}, {options['r'], spoken}, {options['t'], heard}} {
		if f.name == "" {
			continue
		}
		t := &tape{
			ch: ch, voice: f.voice, name: ch.w.shownName(f.name), bridgedOnly: bridgedOnly,
			gapless: f.voice == mixed || inStep || ch.w.s.o.Version == 22,
		}
		m.tapes = append(m.tapes, t)
		t.start()
	}
	ch.mixes, ch.hooked = append(ch.mixes, m), true
	return m
}

// shownName returns the full name of a recording; one without a format is raw.
func (w *world) shownName(name string) string {
	if filepath.Ext(name) == "" {
		name += ".raw"
	}
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(w.s.o.Monitor, name)
}

// mixID returns an id that looks like the pointer that it is in Asterisk.
// The ids of ended MixMonitors are used again before long.
func (w *world) mixID() string {
	if len(w.freeIDs) > 3 {
		id := w.freeIDs[0]
		w.freeIDs = w.freeIDs[1:]
		return id
	}
	w.mixIDs++
	return fmt.Sprintf("0x7fa380%06x", 0xc70+w.mixIDs*0x190)
}

// stopMixMonitor ends the MixMonitor with the given id, or the newest one.
func stopMixMonitor(s *Server, c *session, req message) {
	ch := c.channelOf(req)
	if ch == nil {
		return
	}
	m := ch.mix(req.get("MixMonitorID"))
	if m == nil {
		c.send(failure(req, "Could not stop monitoring channel"))
		return
	}
	m.end()
	c.send(success(req))
	ch.tell("MixMonitorStop")
	m.tellEnd()
}

// mix finds a MixMonitor of a channel by id; an empty id means the newest.
func (ch *channel) mix(id string) *mix {
	for _, m := range slices.Backward(ch.mixes) {
		if id == "" || m.id == id {
			return m
		}
	}
	return nil
}

// end completes the files and notes the command.
func (m *mix) end() {
	for _, t := range m.tapes {
		t.finish()
	}
	m.ch.mixes = slices.DeleteFunc(m.ch.mixes, func(other *mix) bool { return other == m })
	if len(m.ch.mixes) == 0 {
		m.ch.deaf = false
	}
	w := m.ch.w
	w.freeIDs = append(w.freeIDs, m.id)
	if m.command != "" {
		w.s.ran = append(w.s.ran, m.command)
	}
}

// tellEnd sends the TestEvent of Debian's builds, which ends with one empty
// line too many.
func (m *mix) tellEnd() {
	file := strings.TrimSuffix(m.shown, filepath.Ext(m.shown))
	if file == "" {
		file = "(null)"
	}
	s := m.ch.w.s
	s.emit(classReporting, append(event("TestEvent", classReporting), message{
		{"Type", "StateChange"},
		{"State", "MIXMONITOR_END"},
		{"AppFile", "app_mixmonitor.c"},
		{"AppFunction", "mixmonitor_thread"},
		{"AppLine", "838"},
		{"File", file},
	}...))
	s.emit(classReporting, nil)
}

// mixMonitorMute mutes directions of the MixMonitors of a channel. The muted
// time is kept as silence.
func mixMonitorMute(s *Server, c *session, req message) {
	ch := c.channelOf(req)
	if ch == nil {
		return
	}
	direction, on := req.get("Direction"), req.get("State")
	says, hears := direction != "write", direction != "read"
	switch {
	case direction != "read" && direction != "write" && direction != "both":
		c.send(failure(req, "Invalid direction specified. Must be read, write or both"))
		return
	case on == "":
		c.send(failure(req, "No state specified"))
		return
	case !ch.hooked:
		c.send(failure(req, "Cannot set mute flag"))
		return
	}
	id := req.get("MixMonitorID")
	for _, m := range ch.mixes {
		for _, t := range m.tapes {
			if id != "" && id != m.id {
				continue
			}
			t.muteSpoken = says && on == "1" || !says && t.muteSpoken
			t.muteHeard = hears && on == "1" || !hears && t.muteHeard
		}
	}
	c.send(success(req))
	ch.tell("MixMonitorMute", Header{"Direction", direction}, Header{"State", on})
}
