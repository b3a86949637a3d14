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
		if httpd.SameName(operations[i].name, name) {
			return &operations[i]
		}
	}
	return nil
}

// call is one request, decoded: what is to be done and how to answer.
type call struct {
	op   *operation // nil: name is not a method
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
	rest := slices.DeleteFunc(slices.Clone(args), func(a httpd.Argument) bool { return c.known(a.Name) })
	places := besideNames(rest)
	if !slices.ContainsFunc(args, func(a httpd.Argument) bool { return c.documented(a.Name) }) {
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
	return c.missing()
}

func (c *call) missing() error {
	if len(c.unknown) == 0 {
		return nil // what is missing is named by the core
	}
	for _, name := range c.op.need {
		if _, ok := c.args[name]; !ok {
			return refuse(recording.Invalid, "%s is missing, and %q is not an argument of %s: give %s",
				name, recording.Shorten(c.unknown[0]), c.op.name, strings.Join(c.op.args, ", "))
		}
	}
	return nil
}

// known reports whether a name means something by itself.
func (c *call) known(name string) bool {
	isOurs := func(ours string) bool { return httpd.SameName(ours, name) }
	return c.documented(name) || slices.ContainsFunc([]string{argPBX, argFormat, argMethod, argAPIKey}, isOurs)
}

// documented reports whether a name is an argument of the operation.
func (c *call) documented(name string) bool {
	return slices.ContainsFunc(c.op.args, func(ours string) bool { return httpd.SameName(ours, name) })
}
