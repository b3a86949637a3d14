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

// maxTarget is AST_MAX_EXTENSION of Asterisk: longer names cannot exist.
const maxTarget = 80

// targetText is what a channel, an extension or a unique id can hold. A
// slash separates technology, span and name, or the name of a PBX.
var targetText = regexp.MustCompile(`^[A-Za-z0-9_+*#@:-][A-Za-z0-9_.+*#@:-]*(/[A-Za-z0-9_+*#@:-][A-Za-z0-9_.+*#@:-]*){0,2}$`)

var uniqueIDText = regexp.MustCompile(`^([A-Za-z0-9_.+*#@:-]+-)?[0-9]+\.[0-9]+$`)

// ParseTarget reads the value of extenOrUniqueId. Blanks around it are
// ignored. Anything that no channel, extension or unique id can hold is
// Invalid, with a message that names the argument and quotes the value.
func ParseTarget(text string) (Target, error) {
	t := strings.Trim(text, " ")
	if err := checkKey("extenOrUniqueId", t, "an extension such as 410 or a unique id such as 12347811.214"); err != nil {
		return Target{}, err
	}
	target := Target{Text: t, Name: t}
	if i := strings.IndexByte(t, '/'); i >= 0 {
		target.Tech, target.Name = t[:i], t[i+1:]
	}
	return target, nil
}

// IsUniqueID tells whether the text has the form of an Asterisk unique id:
// seconds.counter, or systemname-seconds.counter.
func (t Target) IsUniqueID() bool { return uniqueIDText.MatchString(t.Text) }

// checkKey refuses what no channel, extension or unique id can hold; give says
// what would do.
func checkKey(arg, value, give string) error {
	switch {
	case value == "":
		return Errorf(Invalid, "%s is missing or empty: give %s", arg, give)
	case len(value) > maxTarget:
		return Errorf(Invalid, "%s %q is longer than %d characters", arg, shorten(value), maxTarget)
	case !targetText.MatchString(value) || strings.Contains(value, ".."):
		return Errorf(Invalid, "%s %q holds characters that no extension, channel or unique id can hold", arg, shorten(value))
	}
	return nil
}

// shorten keeps messages and logs readable when a value is enormous.
func shorten(s string) string {
	r := []rune(s)
	if len(r) <= 60 {
		return s
	}
	return string(r[:60]) + "..."
}
