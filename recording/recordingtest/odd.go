package recordingtest

import (
	"strings"
	"testing"

	"recgate/recording"
)

// Hostile holds what must never get as far as a PBX.
var Hostile = []string{
	"", " ", "410\r\nAction: Command", "410\n", "410\r", "\n410", "410\x00", "4,10", `4"10`, "4'10", "4`id`", "$(id)", "../410", "SIP/../410", "a/..",
	"..", "4%10", "<410>", "410;id", "410|id", "410&1", "4 10", "/410", "410/", "pbx1/", "a/b/c/d", "410\u202e", "é", "\xff", strings.Repeat("4", 10_000),
	strings.Repeat("4", 150), strings.Repeat("é", 75),
}

// Short returns the beginning of a text, to name a subtest by.
func Short(s string) string {
	if len(s) > 20 {
		return s[:20]
	}
	return s
}

// OddIDs are unique ids that Asterisk gives to channels: by its system name,
// or as the program that made the call wants it (ChannelId of Originate, ARI).
var OddIDs = []string{
	"crm-call-4711", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "PBX Sydney-1763719200.12", "büro-1-1763719200.13",
	"call,4711;b=1", `a"b'c\d%e${F}`, "pbx/1.5", "..", strings.Repeat("x", 149), "приёмная",
}

// RefusedByForm demands a short refusal on one line that names the argument.
func RefusedByForm(t testing.TB, argument, text string, err error) {
	t.Helper()
	msg := recording.Message(err)
	if recording.CodeOf(err) != recording.Invalid || !strings.Contains(msg, argument) || len(msg) > 400 || strings.ContainsAny(msg, "\r\n\x00") {
		t.Errorf("%s %q: %v", argument, Short(text), err)
	}
}
