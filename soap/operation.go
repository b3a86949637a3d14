package soap

import (
	"slices"
	"strings"

	"recgate/httpd"
	"recgate/recording"
)

// operation is one of the four methods of the service.
type operation struct {
	name string
	args []string // in the documented order, which in0, arg0 and param0 mean
	need []string // the required ones
	// isRetrieval is true for the two that return audio.
	isRetrieval bool
}

var operations = []operation{
	{name: recording.MethodStart, args: []string{argTarget, argTag}, need: []string{argTarget}},
	{name: recording.MethodStop, args: []string{argTarget}, need: []string{argTarget}},
	{name: recording.MethodRetrieve, args: []string{argTag, argUser}, need: []string{argTag, argUser}, isRetrieval: true},
	{name: recording.MethodRetrieveByUniqueID, args: []string{argUniqueID, argUser}, need: []string{argUniqueID, argUser}, isRetrieval: true},
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
		if httpd.SameName(operations[i].name, name) {
			return &operations[i]
		}
	}
	return nil
}

// call is one decoded request: what is to be done and how to answer.
type call struct {
	op   *operation // nil: there is no such method
	name string     // as it was sent: the answer's element is named after it
	args map[string]string
	// plus means that the extension or unique id had a plus sign, which was read as a
	// blank.
	plus bool
	// unknown are the names of arguments that mean nothing here.
	unknown []string
	shape   shape
}

// bind gives the arguments their documented names. Names match in any case; the
// first of repeated ones is taken, and a position (see positions) counts only if
// the name itself was not sent. An unknown name is refused if it may have been meant
// for a missing required argument, else ignored.
func (c *call) bind(args httpd.Arguments) error {
	c.args = make(map[string]string, len(args))
	c.plus = slices.ContainsFunc(args, func(a httpd.Argument) bool {
		return a.Plus && (httpd.SameName(argTarget, a.Name) || httpd.SameName(argUniqueID, a.Name))
	})
	for _, name := range append([]string{argPBX, argFormat}, c.op.args...) {
		if value, ok := args.First(name); ok {
			c.args[name] = value
		}
	}
	rest := slices.DeleteFunc(slices.Clone(args), func(a httpd.Argument) bool { return c.isKnown(a.Name) })
	places := positionsByName(rest)
	if !slices.ContainsFunc(args, func(a httpd.Argument) bool { return c.isDocumented(a.Name) }) {
		places = positions(rest, len(c.op.args))
	}
	for i, place := range places {
		switch a := rest[i]; {
		case a.Absent:
		case place < 0 || place >= len(c.op.args):
			c.unknown = append(c.unknown, a.Name)
		default:
			if _, taken := c.args[c.op.args[place]]; !taken {
				c.args[c.op.args[place]] = a.Value
			}
		}
	}
	return c.checkNeeded()
}

func (c *call) checkNeeded() error {
	if len(c.unknown) == 0 {
		return nil // what is missing is named by the core
	}
	for _, name := range c.op.need {
		if _, ok := c.args[name]; !ok {
			return refusal(recording.Invalid, "%s is missing, and %q is not an argument of %s: give %s",
				name, recording.Shorten(c.unknown[0]), c.op.name, strings.Join(c.op.args, ", "))
		}
	}
	return nil
}

// isKnown reports whether a name means something by itself.
func (c *call) isKnown(name string) bool {
	isOurs := func(ours string) bool { return httpd.SameName(ours, name) }
	return c.isDocumented(name) || slices.ContainsFunc([]string{argPBX, argFormat, argMethod, argAPIKey}, isOurs)
}

// isDocumented reports whether a name is an argument of the operation.
func (c *call) isDocumented(name string) bool {
	return slices.ContainsFunc(c.op.args, func(ours string) bool { return httpd.SameName(ours, name) })
}
