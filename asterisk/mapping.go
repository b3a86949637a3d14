package asterisk

import (
	"regexp"

	"recgate/recording"
)

// Mapping turns the names of some endpoints into extensions, for a PBX whose
// endpoints are not named by extension.
type Mapping struct {
	Endpoint  *regexp.Regexp // matched against the endpoint name of a channel, e.g. ^99(\d+)$
	Extension string         // what it stands for; $1 is the first group
}

// ExtensionSource says what the extension of a channel is taken from.
type ExtensionSource string

// The sources: the name of the channel, or its caller id number.
const (
	FromName     ExtensionSource = "name"
	FromCallerID ExtensionSource = "callerid"
)

// Extensions is how one PBX names its extensions. The zero value takes the
// endpoint name as it is.
type Extensions struct {
	Mappings []Mapping // in order: the first one that matches wins
	From     ExtensionSource
}

// of returns the extension of a channel, or "" when it has none. A channel
// that Asterisk made for itself has none, whatever its caller id says.
func (x Extensions) of(channel, callerID string) string {
	_, name := recording.SplitChannel(channel)
	if name == "" {
		return ""
	}
	if x.From == FromCallerID {
		return callerID
	}
	for _, m := range x.Mappings {
		if groups := m.Endpoint.FindStringSubmatchIndex(name); groups != nil {
			return string(m.Endpoint.ExpandString(nil, m.Extension, name, groups))
		}
	}
	return name
}
