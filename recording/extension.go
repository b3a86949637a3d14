package recording

import (
	"regexp"
	"strings"
)

// noExtension holds the technologies of channels that Asterisk makes for
// itself; a Snoop name even contains another channel's unique id.
var noExtension = map[string]bool{
	"console": true, "surrogate": true, "message": true, "snoop": true,
	"recorder": true, "announcer": true, "cbann": true, "cbrec": true,
}

var (
	deadName     = regexp.MustCompile(`(?i)<(ZOMBIE|MASQ)>`)
	actionPrefix = regexp.MustCompile(`(?i)^(Parked|AsyncGoto|Bridge)/`)
	hexSuffix    = regexp.MustCompile(`-[0-9A-Fa-f]+$`)
)

// Extension returns the extension that a channel name belongs to, or "" when
// it belongs to none: SIP/410-12FA7B is 410. The rule and its vectors are
// taken from the Noojee wire reference, section 8.3; docs/noojee.md explains it.
func Extension(channel string) string {
	_, name := SplitChannel(channel)
	return name
}

// SplitChannel returns the technology and the extension of a channel name,
// both empty when the channel can have no extension (dead, internal, no slash).
func SplitChannel(channel string) (tech, extension string) {
	name := strings.TrimSpace(channel)
	if deadName.MatchString(name) {
		return "", ""
	}
	if m := actionPrefix.FindString(name); m != "" && strings.Contains(name[len(m):], "/") {
		name = name[len(m):]
	}
	tech, rest, ok := strings.Cut(name, "/")
	if !ok || tech == "" || noExtension[strings.ToLower(tech)] {
		return "", ""
	}
	if IsLocalHalf(rest) {
		rest = rest[:len(rest)-2]
	}
	rest = hexSuffix.ReplaceAllString(rest, "")
	switch strings.ToLower(tech) {
	case "local", "skinny":
		rest, _, _ = strings.Cut(rest, "@")
	case "dahdi":
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			rest, _, _ = strings.Cut(rest[i+1:], ":")
		}
	}
	if rest == "" {
		return "", ""
	}
	return tech, rest
}

// IsLocalHalf reports whether a channel name ends in ;1 or ;2, as the two
// halves of a Local channel do.
func IsLocalHalf(channel string) bool {
	return strings.HasSuffix(channel, ";1") || strings.HasSuffix(channel, ";2")
}
