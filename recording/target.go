package recording

import (
	"regexp"
	"strings"
)

// Target is what a caller means by extenOrUniqueId.
type Target struct {
	Text string // as it was given, trimmed: 410, SIP/410, 12347811.214
	PBX  string // the PBX to look on; empty: all of them
	Tech string // technology in front of the extension, e.g. SIP; may be empty
	Name string // the extension without technology
}

const (
	// maxTarget is AST_MAX_PUBLIC_UNIQUEID of Asterisk: longer unique ids
	// cannot exist, nor can extensions.
	maxTarget = 149
	// maxNamed bounds what is compared with names, in bytes. A PBX takes no
	// longer name back, and the database keeps more of one.
	maxNamed = 900
)

// targetText is what a channel, an extension or a unique id mostly holds. A
// slash separates technology, span and name, or the name of a PBX.
var targetText = regexp.MustCompile(`^[A-Za-z0-9_+*#@:-][A-Za-z0-9_.+*#@:-]*(/[A-Za-z0-9_+*#@:-][A-Za-z0-9_.+*#@:-]*){0,2}$`)

var uniqueIDText = regexp.MustCompile(`^([A-Za-z0-9_.+*#@:-]+-)?[0-9]+\.[0-9]+$`)

// ParseTarget reads the value of extenOrUniqueId. Blanks around it are
// ignored. Only what no PBX can call anything is Invalid, with a message that
// names the argument and quotes the value: system names, endpoints and
// programs that make calls decide what channels and unique ids are written
// with, so any other text is to be compared with theirs, and never to be sent.
func ParseTarget(text string) (Target, error) {
	t := strings.Trim(text, " ")
	if !CanName(t) {
		return Target{}, badKey(argTarget, t)
	}
	target := Target{Text: t, Name: t}
	if tech, name, ok := strings.Cut(t, "/"); ok && tech != "" && name != "" {
		target.Tech, target.Name = tech, name
	}
	return target, nil
}

// IsUniqueID reports whether the text has the form of an Asterisk unique id:
// seconds.counter, or systemname-seconds.counter.
func (t Target) IsUniqueID() bool { return uniqueIDText.MatchString(t.Text) }

// UnknownUniqueID refuses a unique id that no recording belongs to.
func UnknownUniqueID(id string) error {
	if err := badKey(argUniqueID, id); err != nil {
		return err
	}
	return Errorf(NotFound, "no recording belongs to the unique id %q", id)
}

// CanName reports whether a PBX can call anything so: the text fits into one
// line of its protocol.
func CanName(text string) bool {
	return text != "" && len(text) <= maxNamed && !strings.ContainsAny(text, "\r\n\x00")
}

// The arguments that name a channel.
const (
	argTarget   = "extenOrUniqueId"
	argUniqueID = "uniqueId"
)

// badKey refuses a text that matches nothing by its form, if that is not what
// extensions, channels and unique ids mostly have; nil where it is.
func badKey(arg, value string) error {
	switch {
	case value == "" && arg == argUniqueID:
		return Errorf(Invalid, "%s is missing or empty: give a unique id such as 12347811.214", arg)
	case value == "":
		return Errorf(Invalid, "%s is missing or empty: give an extension such as 410 or a unique id such as 12347811.214", arg)
	case len(value) > maxTarget:
		return Errorf(Invalid, "%s %q is longer than %d characters", arg, Shorten(value), maxTarget)
	case !targetText.MatchString(value) || strings.Contains(value, ".."):
		return Errorf(Invalid, "%s %q holds characters that no extension, channel or unique id can hold", arg, Shorten(value))
	}
	return nil
}

// Unknown refuses a target that no live channel answers to.
func (t Target) Unknown() error {
	if err := badKey(argTarget, t.Text); err != nil {
		return err
	}
	if t.IsUniqueID() {
		return Errorf(NotFound, "no live call has the unique id %q", t.Text)
	}
	return Errorf(NotFound, "no live call on extension %q", t.Text)
}
