package soap

import (
	"slices"
	"strings"

	"recgate/recording"
)

// operation is one of the four methods of the service.
type operation struct {
	name string
	args []string // in the documented order, which in0, arg0 and param0 mean
	need []string // those without which the method makes no sense
	// get is true for the two that give audio back.
	get bool
}

var operations = []operation{
	{name: recording.MethodStart, args: []string{argTarget, argTag}, need: []string{argTarget}},
	{name: recording.MethodStop, args: []string{argTarget}, need: []string{argTarget}},
	{name: recording.MethodRetrieve, args: []string{argTag, argUser}, need: []string{argTag, argUser}, get: true},
	{name: recording.MethodRetrieveByUniqueID, args: []string{argUniqueID, argUser}, need: []string{argUniqueID, argUser}, get: true},
}

// The names of the arguments, as they are documented.
const (
	argTarget   = "extenOrUniqueId"
	argTag      = "tag"
	argUniqueID = "uniqueId"
	argUser     = "username"
	argPBX      = "pbx"
	argFormat   = "format"
	argMethod   = "method"
	argAPIKey   = "apiKey" // read by the access control in front of us
)

// operationNamed finds a method by its name in any case, or returns nil.
func operationNamed(name string) *operation {
	for i := range operations {
		if sameName(operations[i].name, name) {
			return &operations[i]
		}
	}
	return nil
}

// sameName compares a name of ours with one that was sent, without regard to
// case. The lengths keep letters of other alphabets out, which fold to ASCII
// ones (a long s to an s) and may not even stand in an answer's element.
func sameName(ours, sent string) bool { return len(ours) == len(sent) && strings.EqualFold(ours, sent) }

// argument is one value that the caller sent, decoded.
type argument struct {
	name, value string
	// absent means that it was said not to be given (xsi:nil), and only holds
	// its place.
	absent bool
	// plus means that a blank of the value was sent as a plus sign.
	plus bool
}

// call is one request, decoded: what is to be done and how to answer.
type call struct {
	op   *operation // nil: name is no method
	name string     // as it was sent: the answer's element is named after it
	args map[string]string
	// plus means that the extension or unique id had a plus sign, which became
	// a blank.
	plus bool
	// unknown are the names of arguments that mean nothing here.
	unknown []string
	shape   shape
}

// bind gives the arguments their documented names. Names match without
// regard to case, of repeated ones the first is taken, and a position (see
// positions) counts only where the name itself was not sent. An unknown name is refused when it
// may have been meant for a needed argument, and left aside otherwise.
func (c *call) bind(args []argument) error {
	c.args = make(map[string]string, len(args))
	c.plus = slices.ContainsFunc(args, func(a argument) bool {
		return a.plus && (sameName(argTarget, a.name) || sameName(argUniqueID, a.name))
	})
	for _, name := range append([]string{argPBX, argFormat}, c.op.args...) {
		if value, ok := first(args, name); ok {
			c.args[name] = value
		}
	}
	rest := slices.DeleteFunc(slices.Clone(args), func(a argument) bool { return c.known(a.name) })
	places := besideNames(rest)
	if !slices.ContainsFunc(args, func(a argument) bool { return c.documented(a.name) }) {
		places = positions(rest, len(c.op.args))
	}
	for i, place := range places {
		switch a := rest[i]; {
		case a.absent:
		case place < 0 || place >= len(c.op.args):
			c.unknown = append(c.unknown, a.name)
		default:
			if _, taken := c.args[c.op.args[place]]; !taken {
				c.args[c.op.args[place]] = a.value
			}
		}
	}
	return c.missing()
}

func (c *call) missing() error {
	if len(c.unknown) == 0 {
		return nil // what is missing is named by the core
	}
	for _, name := range c.op.need {
		if _, ok := c.args[name]; !ok {
			return refuse(recording.Invalid, "%s is missing, and %q is not an argument of %s: give %s",
				name, shorten(c.unknown[0]), c.op.name, strings.Join(c.op.args, ", "))
		}
	}
	return nil
}

// known tells whether a name means something by itself.
func (c *call) known(name string) bool {
	isOurs := func(ours string) bool { return sameName(ours, name) }
	return c.documented(name) || slices.ContainsFunc([]string{argPBX, argFormat, argMethod, argAPIKey}, isOurs)
}

// documented tells whether a name is that of an argument of the operation.
func (c *call) documented(name string) bool {
	return slices.ContainsFunc(c.op.args, func(ours string) bool { return sameName(ours, name) })
}

// first returns the first value of an argument, by its name in any case.
func first(args []argument, name string) (string, bool) {
	for _, a := range args {
		if sameName(a.name, name) && !a.absent {
			return a.value, true
		}
	}
	return "", false
}

// shorten keeps messages and logs readable when a value is enormous.
func shorten(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "..."
		}
	}
	return s
}
