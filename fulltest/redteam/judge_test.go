//go:build full

package redteam_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// action is what somebody asked of Asterisk, as Asterisk reads it: lines in
// their order, "Name: value".
type action []string

// get returns the value of a header; "" when there is none.
func (a action) get(name string) string {
	for _, line := range a {
		if n, value, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// parseActions cuts the bytes of a connection into actions as Asterisk does: a line
// ends at LF, with or without a CR, and an empty one ends the action.
func parseActions(wire []byte) (actions []action, rest string) {
	var a action
	text := string(wire)
	for {
		line, after, ok := strings.Cut(text, "\n")
		if !ok {
			return actions, strings.Join(a, "\n") + text
		}
		text = after
		switch line = strings.TrimSuffix(line, "\r"); {
		case line != "":
			a = append(a, line)
		case len(a) > 0:
			actions = append(actions, a)
			a = nil
		}
	}
}

// law says what recgate may ask of Asterisk: action, header and the whole of
// its value. Whoever teaches recgate a new action adds it here, and asks
// before what a stranger could make of it.
var law = map[string]map[string]string{
	"Challenge":        {"AuthType": "MD5"},
	"Login":            {"AuthType": "MD5", "Username": "recorder", "Key": "[0-9a-f]{32}", "Events": "call|off"},
	"Logoff":           {},
	"Ping":             {},
	"ListCommands":     {},
	"CoreSettings":     {},
	"CoreShowChannels": {},
	"ModuleCheck":      {"Module": `format_wav\.so`},
	"Status":           {},
	"Getvar":           {"Channel": "UNIQUEID", "Variable": `RECGATE_[0-9a-f]{32}|MONITORED|MIXMONITOR\((0x)?[0-9a-f]{1,16},filename\)`},
	"MixMonitor":       {"Channel": "UNIQUEID", "File": `SPOOL/[0-9a-f]{32}\.wav`, "Options": `i\(RECGATE_[0-9a-f]{32}\)`},
	"StopMixMonitor":   {"Channel": "UNIQUEID", "MixMonitorID": "(0x)?[0-9a-f]{1,16}"},
	"Monitor":          {"Channel": "UNIQUEID", "File": "SPOOL/[0-9a-f]{32}", "Format": "wav"},
	"StopMonitor":      {"Channel": "UNIQUEID"},
}

// judge knows what a lawful action may hold.
type judge struct {
	spool     string
	uniqueIDs []string // of the channels that Asterisk made
}

// breaches says what is wrong with an action; nothing when it is lawful.
func (j judge) breaches(a action) []string {
	headers, known := law[a.get("Action")]
	if !known {
		return []string{fmt.Sprintf("the action %q: %q", a.get("Action"), a)}
	}
	var all []string
	seen := map[string]bool{}
	for _, line := range a {
		name, value, _ := strings.Cut(line, ": ")
		pattern, allowed := headers[name]
		switch name {
		case "Action":
			pattern, allowed = "[A-Za-z]+", true
		case "ActionID":
			pattern, allowed = "[A-Za-z0-9._-]{1,80}", true
		}
		if !allowed || seen[name] || !j.matches(pattern, value) {
			all = append(all, fmt.Sprintf("the line %q of %q", line, a))
		}
		seen[name] = true
	}
	for name := range headers {
		if !seen[name] {
			all = append(all, fmt.Sprintf("no %s in %q", name, a))
		}
	}
	if id := hex32.FindString(a.get("File")); id != "" && a.get("Options") != "" && !strings.Contains(a.get("Options"), id) {
		all = append(all, fmt.Sprintf("two recordings in %q", a))
	}
	return all
}

var hex32 = regexp.MustCompile(`[0-9a-f]{32}`)

func (j judge) matches(pattern, value string) bool {
	if pattern == "UNIQUEID" {
		return slices.Contains(j.uniqueIDs, value)
	}
	if folder, ok := strings.CutPrefix(pattern, "SPOOL"); ok {
		rest, inSpool := strings.CutPrefix(value, j.spool)
		return inSpool && whole(folder).MatchString(rest)
	}
	return whole(pattern).MatchString(value)
}

// whole compiles a pattern for all of a text, once.
func whole(pattern string) *regexp.Regexp {
	if known, ok := compiled.Load(pattern); ok {
		return known.(*regexp.Regexp)
	}
	r := regexp.MustCompile(`\A(` + pattern + `)\z`)
	compiled.Store(pattern, r)
	return r
}

var compiled sync.Map // of *regexp.Regexp, by pattern

// TestJudge: the judge sees each of the injections that work on Asterisk, and
// lets what recgate asks pass.
func TestJudge(t *testing.T) {
	j := judge{spool: "/spool", uniqueIDs: []string{"1763719200.0"}}
	id := strings.Repeat("0f", 16)
	record := "Action: MixMonitor\r\nActionID: a-1\r\nChannel: 1763719200.0\r\nFile: /spool/" + id + ".wav\r\nOptions: i(RECGATE_" + id + ")"
	for name, tt := range map[string]struct {
		wire     string
		breaches bool
	}{
		"a start":                     {record + "\r\n\r\n", false},
		"a second action":             {record + "\r\n\r\nAction: Command\r\nCommand: core stop now\r\n\r\n", true},
		"a second action by LF alone": {record + "\n\nAction: Originate\n\n", true},
		"a header more":               {record + "\r\nCommand: touch x\r\n\r\n", true},
		"a header by LF alone":        {record + "\nVariable: X=1\r\n\r\n", true},
		"a CR alone":                  {record + "\rX\r\n\r\n", true},
		"a header twice":              {record + "\r\nFile: x.wav\r\n\r\n", true},
		"an option":                   {strings.Replace(record, "i(", "bi(", 1) + "\r\n\r\n", true},
		"a command in the options":    {record + ",touch x\r\n\r\n", true},
		"a command in the file":       {strings.Replace(record, ".wav", ".wav,,touch x", 1) + "\r\n\r\n", true},
		"another folder":              {strings.Replace(record, "/spool/", "/spool/../", 1) + "\r\n\r\n", true},
		"another recording's id":      {strings.Replace(record, "RECGATE_0", "RECGATE_1", 1) + "\r\n\r\n", true},
		"another channel":             {strings.Replace(record, "1763719200.0", "PJSIP/410-00000000", 1) + "\r\n\r\n", true},
		"a function":                  {"Action: Getvar\r\nActionID: 1\r\nChannel: 1763719200.0\r\nVariable: SHELL(touch x)\r\n\r\n", true},
		"half an action":              {"Action: Ping\r\nActionID: 1\r\n", true},
		"a header too few":            {"Action: StopMixMonitor\r\nActionID: 1\r\nChannel: 1763719200.0\r\n\r\n", true},
	} {
		actions, rest := parseActions([]byte(tt.wire))
		var all []string
		for _, a := range actions {
			all = append(all, j.breaches(a)...)
		}
		if (len(all) > 0 || rest != "") != tt.breaches {
			t.Errorf("%s: %q, and %q is left", name, all, rest)
		}
	}
}
