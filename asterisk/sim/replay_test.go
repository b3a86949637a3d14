package sim_test

import (
	"crypto/md5"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/asterisk/sim"
)

// TestReplay sends what captured clients sent, and compares every answer with
// the captured one, header by header.
func TestReplay(t *testing.T) {
	idle := []string{
		"before-login", "login-bad-secret", "login-bad-user", "login-md5", "login-md5-bad", "login-plain",
		"login-twice", "login-refused-address", "basics", "lists-idle",
	}
	calling := []string{
		"detect-recorder", "lists-call", "mixmonitor-errors", "mixmonitor-ids", "monitor-errors",
		"injection", "rights-recorder", "rights-systemonly", "rights-callonly", "rights-watcher",
		"whole-call-pjsip-mixmonitor", "hangup-while-mixmonitor-pjsip",
	}
	for version, number := range map[string]int{"16": 16, "22": 22} {
		for _, name := range slices.Concat(idle, calling) {
			if version == "22" && name == "monitor-errors" {
				continue // not captured; injection and rights-recorder ask 22 for Monitor
			}
			t.Run(version+"/"+name, func(t *testing.T) {
				t.Parallel()
				spool := t.TempDir()
				s := run(t, sim.Options{Version: number, Spool: spool, Now: newClock().Now})
				p := &player{c: dial(t, s), spool: spool, ids: map[string]string{}}
				if slices.Contains(calling, name) {
					made := call(t, s, "410", "411", sim.CallOptions{})
					p.channel, p.uniqueID = made.Caller().Name, made.Caller().UniqueID
				}
				p.wrongKey = name == "login-md5-bad"
				for _, turn := range transcript(t, version, name) {
					if version == "22" && strings.Contains(turn.request, "ActionID: x6\r\n") {
						continue // captured in the moment in which the file was not open yet
					}
					p.play(t, turn)
				}
			})
		}
	}
}

// player sends captured requests in a world whose names are others.
type player struct {
	c                 *client
	spool             string
	channel, uniqueID string
	challenge         string
	wrongKey          bool
	bridge            string
	ids               map[string]string // captured MixMonitorID to ours
	ours, theirs      *plain
}

var (
	captureID     = regexp.MustCompile(`\b\d{10}\.\d+\b`)
	captureName   = regexp.MustCompile(`PJSIP/410-[0-9a-f]{8}`)
	captureBridge = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	pointer       = regexp.MustCompile(`0x[0-9a-f]{8,}`)
)

func (p *player) play(t *testing.T, turn turn) {
	t.Helper()
	if p.ours == nil {
		p.ours, p.theirs = newPlain(p.spool), newPlain("/nowhere")
	}
	var want []string
	for _, m := range turn.got {
		if answer(m) {
			want = append(want, m)
		}
	}
	if turn.request == "" || len(want) == 0 || strings.Contains(turn.request, "Command: manager show") ||
		strings.Contains(turn.request, "Command: module show") {
		return
	}
	p.c.send(p.translate(turn.request))
	var got []string
	for len(got) < len(want) {
		m, err := p.c.message()
		if err != nil {
			t.Fatalf("after %q: %v", turn.request, err)
		}
		if answer(m) {
			got = append(got, m)
		}
	}
	p.learn(got, want)
	if diff := cmp.Diff(comparable(p.theirs, want), comparable(p.ours, got)); diff != "" {
		t.Errorf("answer to %q differs (-captured +ours):\n%s", turn.request, diff)
	}
}

// translate puts our names into a captured request.
func (p *player) translate(request string) string {
	request = captureName.ReplaceAllLiteralString(request, p.channel)
	request = captureID.ReplaceAllLiteralString(request, p.uniqueID)
	request = pointer.ReplaceAllStringFunc(request, func(id string) string { return p.ids[id] })
	if p.bridge != "" {
		request = captureBridge.ReplaceAllLiteralString(request, p.bridge)
	}
	if head, rest, ok := strings.Cut(request, "Key: "); ok && !p.wrongKey {
		sum := md5.Sum([]byte(p.challenge + "adminsecret"))
		request = head + "Key: " + hex.EncodeToString(sum[:]) + rest[32:]
	}
	return request
}

// learn notes which of our ids stands for which captured one.
func (p *player) learn(got, want []string) {
	for i := range got {
		ours, theirs := fields(got[i]), fields(want[i])
		if id := theirs["MixMonitorID"]; id != "" {
			p.ids[id] = ours["MixMonitorID"]
		}
		if ours["BridgeId"] != "" {
			p.bridge = ours["BridgeId"]
		}
		if ours["Challenge"] != "" {
			p.challenge = ours["Challenge"]
		}
	}
}

// built ends the line of "core show version" and the uptimes.
var built = regexp.MustCompile(`(built by nobody @ builder.example on a unknown running Linux| uptime:|reload:).*`)

// comparable makes answers plain. The order of channels in a list is chance.
func comparable(p *plain, answers []string) []string {
	sorted := slices.Clone(answers)
	slices.SortStableFunc(sorted, func(a, b string) int {
		x, y := fields(a), fields(b)
		if x["Event"] == "" || x["Event"] != y["Event"] {
			return 0
		}
		return strings.Compare(x["Channel"], y["Channel"])
	})
	for i, m := range sorted {
		lines := strings.Split(built.ReplaceAllString(m, "$1"), "\r\n")
		if strings.Contains(m, "Output: PJSIP/") {
			slices.Sort(lines)
		}
		sorted[i] = p.text(strings.Join(lines, "\r\n"))
	}
	return sorted
}
