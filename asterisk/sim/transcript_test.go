package sim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// turn is a request of a captured client and what the server sent until the
// next one. Before the first request there is none.
type turn struct {
	request string
	got     []string // messages without the empty line that ends them
}

// transcript reads a captured conversation, from here or from the top of the
// tree.
func transcript(t *testing.T, version, name string) []turn {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "asterisk", version, name+".txt"))
	if err != nil {
		text, err = os.ReadFile(filepath.Join("testdata", version, name+".txt"))
	}
	if err != nil {
		t.Fatal(err)
	}
	marker := regexp.MustCompile(`(?m)^(>>> |<<< |### ).*\n`)
	places := marker.FindAllIndex(text, -1)
	turns := []turn{{}}
	for i, at := range places {
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		body := string(text[at[1]:end])
		last := &turns[len(turns)-1]
		switch mark := string(text[at[0] : at[0]+3]); {
		case mark == ">>>":
			turns = append(turns, turn{request: body})
		case mark == "<<<" && strings.Contains(body, ": "):
			last.got = append(last.got, strings.TrimSuffix(body, "\r\n"))
		}
	}
	return turns
}

// volatile headers differ from run to run; what is not empty becomes a star.
var volatile = regexp.MustCompile(`(?m)^(Timestamp|Uptime|LastReload|EventTV|SessionTV|SessionID|LocalAddress|RemoteAddress|Challenge|` +
	`Core\w+(?:Date|Time)|CoreProcessedCalls|Seconds|Duration|StartTime|AnswerTime|EndTime|BillableSeconds): .+\r$`)

var names = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` +
	`|\b\d{10}\.\d+\b|0x[0-9a-f]{4,}|(?:PJSIP|SIP)/\d+-[0-9a-f]{8}|Local/\d+@internal-[0-9a-f]{8}`)

// plain replaces what differs from run to run: times by stars, and names of
// channels, bridges and recordings by numbers in the order in which they
// first occur.
type plain struct {
	spool string
	seen  map[string]string
}

func newPlain(spool string) *plain { return &plain{spool: spool, seen: map[string]string{}} }

func (p *plain) text(message string) string {
	message = strings.ReplaceAll(message, p.spool, "/var/spool/asterisk/monitor")
	message = volatile.ReplaceAllString(message, "$1: *\r")
	return names.ReplaceAllStringFunc(message, func(name string) string {
		if name == "0x1234" {
			return name
		}
		if p.seen[name] == "" {
			kind, _, _ := strings.Cut(name, "-")
			if !strings.Contains(kind, "/") {
				kind = "id"
			}
			p.seen[name] = fmt.Sprintf("%s#%d", kind, len(p.seen))
		}
		return p.seen[name]
	})
}

// callEvent reports whether a message is an event of class call or cdr, and which.
func callEvent(message string) (string, bool) {
	m := fields(message)
	ok := m["Privilege"] == "call,all" || m["Privilege"] == "cdr,all"
	return m["Event"], ok
}

// answer reports whether a message belongs to the answer of a request.
func answer(message string) bool {
	event := fields(message)["Event"]
	return strings.HasPrefix(message, "Response: ") ||
		slices.Contains([]string{
			"CoreShowChannel", "CoreShowChannelsComplete", "Status", "StatusComplete",
			"BridgeInfoChannel", "BridgeInfoComplete",
		}, event)
}
