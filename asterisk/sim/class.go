package sim

import "strings"

// class is a set of the privilege classes of manager.conf. Users have one set
// for the events they see and one for the actions they may run.
type class uint32

// The classes, in the order in which Asterisk writes them.
const (
	classSystem class = 1 << iota
	classCall
	classLog
	classVerbose
	classCommand
	classAgent
	classUser
	classConfig
	classDTMF
	classReporting
	classCDR
	classDialplan
	classOriginate
	classAGI
	classCC
	classAOC
	classTest
	classSecurity
	classMessage
	classAll = 1<<iota - 1
)

// classNames holds the name of every class, by bit.
var classNames = [...]string{
	"system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting",
	"cdr", "dialplan", "originate", "agi", "cc", "aoc", "test", "security", "message",
}

// parseClasses reads a comma separated list as in manager.conf or in the
// Events header: "call,cdr", "all", "on", "off". Unknown names mean nothing.
func parseClasses(list string) class {
	var set class
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "all" || name == "on" || name == "yes" || name == "true" {
			return classAll
		}
		for bit, known := range classNames {
			if name == known {
				set |= 1 << bit
			}
		}
	}
	return set
}

// String returns the classes as the Privilege header of an event has them.
func (c class) String() string {
	var names []string
	for bit, name := range classNames {
		if c&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(append(names, "all"), ",")
}
