package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Action is a request that a client sent, as it came in.
type Action struct {
	At      time.Time
	User    string // empty before the login
	Headers []Header
}

// Get returns the first header of that name that is not empty.
func (a Action) Get(name string) string { return message(a.Headers).get(name) }

// maxActions is how many requests are remembered.
const maxActions = 10000

// Actions returns the requests of all clients, oldest first: what the PBX was
// asked. Only the last 10000 are kept.
func (s *Server) Actions() []Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.actions)
}

// CommandsRun returns the shell commands that a real Asterisk would have run
// by now: the Command of each MixMonitor that has ended. None is ever run.
func (s *Server) CommandsRun() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ran)
}

// verdict says what becomes of a connection after a request.
type verdict struct {
	leave  bool
	after  time.Time // not zero: answer is sent only then
	answer message
}

// handler answers one action; the world is locked for a change.
type handler func(s *Server, c *session, req message)

// handlers are the actions that are simulated, by lower-case name.
var handlers = map[string]handler{
	"ping": ping, "events": events, "listcommands": listCommands,
	"coresettings": coreSettings, "corestatus": coreStatus, "modulecheck": moduleCheck, "command": runConsole,
	"coreshowchannels": coreShowChannels, "bridgeinfo": bridgeInfo, "status": status,
	"originate": originate, "hangup": hangup, "getvar": getvar, "setvar": setvar,
	"mixmonitor": mixMonitor, "stopmixmonitor": stopMixMonitor, "mixmonitormute": mixMonitorMute,
	"monitor": monitorAction, "stopmonitor": stopMonitor, "changemonitor": changeMonitor,
	"pausemonitor": pauseMonitor, "unpausemonitor": unpauseMonitor,
}

// handle answers one request. fault is what was wrong with it as a whole.
func (s *Server) handle(c *session, req message, fault error) verdict {
	defer s.change()()
	if c.vanished() {
		return verdict{}
	}
	s.actions = append(s.actions, Action{At: s.o.Now(), User: c.user, Headers: req})
	if len(s.actions) > maxActions {
		s.actions = slices.Delete(s.actions, 0, maxActions/10)
	}
	name := req.get("Action")
	switch {
	case errors.Is(fault, errLineTooLong), errors.Is(fault, errTooManyLines):
		c.send(failure(req, fault.Error()))
	case name == "":
		c.send(failure(req, "Missing action in request"))
	case strings.EqualFold(name, "Login"):
		return c.login(req)
	case strings.EqualFold(name, "Challenge"):
		challenge(c, req)
	case strings.EqualFold(name, "Logoff"):
		c.send(reply(req, "Goodbye").with("Message", "Thanks for all the fish."))
		return verdict{leave: true}
	case !c.loggedIn:
		c.send(failure(req, "Permission denied"))
	default:
		s.act(c, req, name)
	}
	return verdict{}
}

// act runs the action of a user who is logged in.
func (s *Server) act(c *session, req message, name string) {
	cmd, known := s.commands[strings.ToLower(name)]
	run := handlers[strings.ToLower(name)]
	switch {
	case !known:
		c.send(failure(req, fmt.Sprintf("Invalid/unknown command: %s. Use Action: ListCommands to show available commands.", name)))
	case !cmd.allowed(c.write) || s.fault.denies(cmd.name):
		c.send(failure(req, "Permission denied"))
	case run == nil:
		c.send(failure(req, "Not simulated: "+cmd.name))
	default:
		run(s, c, req)
	}
}

// reply begins an answer: what became of it, and the ActionID if there is one.
func reply(req message, response string) message {
	answer := message{{"Response", response}}
	if id := req.get("ActionID"); id != "" {
		answer = answer.with("ActionID", id)
	}
	return answer
}

func success(req message) message { return reply(req, "Success") }

func failure(req message, text string) message {
	return reply(req, "Error").with("Message", text)
}
