package sim

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// commandList holds what ListCommands answered on both versions: a line for
// each action with the versions that have it, a tab, and the captured line.
//
//go:embed commands.txt
var commandList string

// command is one action as ListCommands describes it.
type command struct {
	name string
	line string // its description with the privileges, as ListCommands has it
	need class  // any of these will do; 0: no right is needed
}

// commandsOf returns the actions that a version has, by lower-case name.
func commandsOf(version int) map[string]command {
	commands := map[string]command{}
	for line := range strings.Lines(commandList) {
		versions, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if versions != "both" && versions != fmt.Sprint(version) {
			continue
		}
		name, about, _ := strings.Cut(text, ": ")
		_, classes, _ := strings.Cut(about, "(Priv: ")
		classes = strings.TrimSuffix(strings.TrimSuffix(classes, ")"), "all")
		commands[strings.ToLower(name)] = command{name: name, line: about, need: parseClasses(classes)}
	}
	return commands
}

// allowed reports whether these write classes may run it.
func (c command) allowed(write class) bool { return c.need == 0 || c.need&write != 0 }

// listCommands answers with every action that exists and that this user may
// run: the one request that tells which recorder there is and whether the
// rights suffice.
func listCommands(s *Server, c *session, req message) {
	answer := success(req)
	names := make([]string, 0, len(s.commands))
	for name := range s.commands {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if cmd := s.commands[name]; cmd.allowed(c.write) && !s.fault.denies(cmd.name) {
			answer = answer.with(cmd.name, cmd.line)
		}
	}
	c.send(answer)
}
