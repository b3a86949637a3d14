package asterisk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/asterisk"
	"recgate/recording"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// event makes an event about a channel.
func event(name, channel, id, linked, state string, more ...string) ami.Message {
	return append(amitest.Message("Event", name, "Privilege", "call,all", "Channel", channel, "ChannelState", state,
		"CallerIDNum", "<unknown>", "Uniqueid", id, "Linkedid", linked), amitest.Message(more...)...)
}

// row makes a row of CoreShowChannels.
func row(channel, id, linked, state, bridge, duration string) ami.Message {
	return amitest.Message("Event", "CoreShowChannel", "Channel", channel, "ChannelState", state, "CallerIDNum", "410",
		"Uniqueid", id, "Linkedid", linked, "Duration", duration, "BridgeId", bridge)
}

func target(t testing.TB, text string) recording.Target {
	t.Helper()
	parsed, err := recording.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func ids(channels []recording.Channel) []string {
	list := []string{}
	for _, c := range channels {
		list = append(list, c.UniqueID)
	}
	return list
}

func TestFind(t *testing.T) {
	table := asterisk.NewTable("pbx1", asterisk.Extensions{})
	for i, name := range []string{
		"SIP/410-12FA7B", "PJSIP/410-0000001a", "PJSIP/Front-Desk-0000001b", "PJSIP/front-desk-0000001c",
		"Local/410@internal-00000003;1", "DAHDI/i1/0383208100-1a", "DAHDI/i2/0383208100-1b", "IAX2/test-5226",
		"Snoop/1.1-00000001", "SIP/411-00000001<ZOMBIE>", "PJSIP/abc-0000001d",
		"SIP/Zadarma usa-0000061a", "PJSIP/приёмная-0000001b",
	} {
		id := fmt.Sprintf("%d.7", i+1)
		table.Apply(event("Newchannel", name, id, id, "6"), noon)
	}
	for _, tt := range []struct {
		target string
		want   []string
	}{
		{"410", []string{"1.7", "2.7", "5.7"}},
		{"SIP/410", []string{"1.7"}},
		{"pjsip/410", []string{"2.7"}},
		{"Local/410", []string{"5.7"}},
		{"SCCP/410", []string{}},
		{"front-desk", []string{"4.7"}}, // exactly first
		{"FRONT-DESK", []string{"3.7", "4.7"}},
		{"PJSIP/Front-Desk", []string{"3.7"}},
		{"ABC", []string{"11.7"}},
		{"0383208100", []string{"6.7", "7.7"}},
		{"DAHDI/0383208100", []string{"6.7", "7.7"}},
		{"DAHDI/i1/0383208100", []string{"6.7"}},
		{"dahdi/I2/0383208100", []string{"7.7"}},
		{"DAHDI/i/0383208100", []string{}},
		{"DAHDI/i1/038320810", []string{}},
		{"IAX/test", []string{"8.7"}},
		{"IAX2/test", []string{"8.7"}},
		{"9.7", []string{"9.7"}}, // a channel without an extension has its unique id
		{"411", []string{}},
		{"41", []string{}},
		{"4100", []string{}},
		{"10", []string{}},
		{"1.70", []string{}},
		{"PJSIP/410-0000001a", []string{"2.7"}}, // the whole name
		{"PJSIP/410-0000001A", []string{}},
		{"PJSIP/410-0000001", []string{}},
		{"Local/410@internal-00000003;1", []string{"5.7"}},
		{"DAHDI/i1/0383208100-1a", []string{"6.7"}},
		{"Zadarma usa", []string{"12.7"}},
		{"SIP/Zadarma usa", []string{"12.7"}},
		{"SIP/zadarma USA", []string{"12.7"}},
		{"SIP/Zadarma usa-0000061a", []string{"12.7"}},
		{"Zadarma", []string{}},
		{"приёмная", []string{"13.7"}},
		{"PJSIP/приёмная", []string{"13.7"}},
		{"PJSIP/приёмная-0000001b", []string{"13.7"}},
		{"/410", []string{}},
		{"PJSIP/front-cafe", []string{}},
	} {
		if diff := cmp.Diff(tt.want, ids(table.Find(target(t, tt.target)))); diff != "" {
			t.Errorf("Find(%q) (-want +got):\n%s", tt.target, diff)
		}
	}
}

// TestFindUniqueIDFirst: an extension that looks like a unique id loses.
func TestFindUniqueIDFirst(t *testing.T) {
	table := asterisk.NewTable("pbx1", asterisk.Extensions{})
	table.Apply(event("Newchannel", "SIP/9.9-00000001", "5.5", "5.5", "6"), noon)
	table.Apply(event("Newchannel", "SIP/410-00000002", "9.9", "9.9", "6"), noon)
	if got := ids(table.Find(target(t, "9.9"))); !slices.Equal(got, []string{"9.9"}) {
		t.Errorf("Find = %v, want the channel with this unique id alone", got)
	}
	table.Apply(event("Hangup", "SIP/410-00000002", "9.9", "9.9", "6"), noon)
	if got := ids(table.Find(target(t, "9.9"))); !slices.Equal(got, []string{"5.5"}) {
		t.Errorf("Find = %v, want the extension once no unique id matches", got)
	}
}

// TestFindIsExact: whatever lives, Find gives what a comparison one by one
// gives, and never a channel of another extension.
func TestFindIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[4aA][1aA]?0?0?`)
		tech := rapid.SampledFrom([]string{"SIP", "PJSIP", "pjsip"})
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		type line struct{ tech, name, id string }
		var all []line
		for i := range rapid.IntRange(0, 12).Draw(t, "channels") {
			l := line{tech.Draw(t, "tech"), name.Draw(t, "name"), fmt.Sprintf("%d.1", i)}
			all = append(all, l)
			table.Apply(event("Newchannel", fmt.Sprintf("%s/%s-%08x", l.tech, l.name, i), l.id, l.id, "6"), noon)
		}
		want, wantTech := name.Draw(t, "want"), rapid.SampledFrom([]string{"", "PJSIP"}).Draw(t, "wantTech")
		exact, folded := []string{}, []string{}
		for _, l := range all {
			if wantTech != "" && !strings.EqualFold(l.tech, wantTech) {
				continue
			}
			if l.name == want {
				exact = append(exact, l.id)
			}
			if strings.EqualFold(l.name, want) {
				folded = append(folded, l.id)
			}
		}
		if len(exact) == 0 {
			exact = folded
		}
		got := ids(table.Find(recording.Target{Text: want, Tech: wantTech, Name: want}))
		if diff := cmp.Diff(exact, got); diff != "" {
			t.Fatalf("Find(%q, %q) (-want +got):\n%s", wantTech, want, diff)
		}
	})
}

// transcript reads the events and listing rows of a capture, in order.
func transcript(t testing.TB, file string) []ami.Message {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []ami.Message
	for block := range strings.SplitSeq(regexp.MustCompile(`(?m)^(>>> |<<< |### ).*\n`).ReplaceAllString(string(text), "\r\n"), "\r\n\r\n") {
		var m ami.Message
		for l := range strings.SplitSeq(block, "\r\n") {
			if name, value, ok := strings.Cut(l, ": "); ok {
				m = append(m, ami.Header{Name: name, Value: value})
			}
		}
		if len(m) > 0 && m[0].Name == "Event" {
			all = append(all, m)
		}
	}
	return all
}

func transcripts(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob("../testdata/asterisk/" + pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcript %s: %v", pattern, err)
	}
	return files
}

// TestTranscripts feeds every capture. The dialplan's events, which recgate
// does not subscribe to, tell what is true at that moment; and at the end
// exactly those channels live that came and did not go.
func TestTranscripts(t *testing.T) {
	calls, witnesses := 0, 0
	for _, file := range transcripts(t, "*/*.txt") {
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		alive := map[string]bool{}
		for _, m := range transcript(t, file) {
			id := m.Get("Uniqueid")
			switch m.Get("Event") {
			case "Newchannel":
				alive[id] = true
				calls++
			case "Hangup":
				delete(alive, id)
			case "VarSet", "Newexten":
				witnesses += witness(t, file, table, m)
			}
			if strings.HasPrefix(m.Get("Privilege"), "call") {
				table.Apply(m, noon)
			}
		}
		for id := range alive {
			if _, ok := table.Get(id); !ok {
				t.Errorf("%s: the channel %s is missing", file, id)
			}
		}
		if strings.Contains(file, "whole-call") && table.Len() != 0 {
			t.Errorf("%s: %d channels are left after the hangup", file, table.Len())
		}
	}
	if calls < 50 || witnesses < 500 {
		t.Errorf("%d channels and %d witnesses, want the captures to hold more", calls, witnesses)
	}
}

// witness compares a channel in the table with what an event of another class
// says of it, which may be a moment ahead in its state.
func witness(t *testing.T, file string, table *asterisk.Table, m ami.Message) int {
	c, ok := table.Get(m.Get("Uniqueid"))
	if !ok {
		return 0
	}
	if c.LinkedID != m.Get("Linkedid") {
		t.Errorf("%s: linked id of %s is %s, want %s", file, c.Name, c.LinkedID, m.Get("Linkedid"))
	}
	if c.Name != m.Get("Channel") {
		t.Errorf("%s: %s is called %s, want %s", file, c.UniqueID, c.Name, m.Get("Channel"))
	}
	return 1
}

// TestWholeCall looks at the table at marked points of a captured call.
func TestWholeCall(t *testing.T) {
	for _, file := range transcripts(t, "*/whole-call-*.txt") {
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		var told []string
		entered := 0
		for i, m := range transcript(t, file) {
			at := noon.Add(time.Duration(i) * time.Millisecond)
			events, known := table.Apply(m, at)
			if !known {
				t.Errorf("%s: %v speaks of an unknown channel", file, m)
			}
			for _, e := range events {
				told = append(told, fmt.Sprintf("%d %s %v", e.Kind, e.Channel.Extension, e.Last))
				if e.Kind == recording.ChannelAnswered && !e.Channel.AnsweredAt.Equal(at) {
					t.Errorf("%s: answered at %v, want %v", file, e.Channel.AnsweredAt, at)
				}
			}
			if m.Get("Event") == "Hangup" && len(table.Find(target(t, m.Get("Uniqueid")))) != 0 {
				t.Errorf("%s: %s is found after its hangup", file, m.Get("Channel"))
			}
			if m.Get("Event") != "BridgeEnter" {
				continue
			}
			if entered++; entered == 2 {
				found := table.Find(target(t, "410"))
				if len(found) != 1 || found[0].State != recording.Up || found[0].Bridge == "" || found[0].CallerID != "410" {
					t.Fatalf("%s: Find(410) = %+v, want one channel, up and bridged", file, found)
				}
				if peers := table.Peers(found[0]); len(peers) != 2 || peers[0].Bridge != peers[1].Bridge {
					t.Errorf("%s: Peers = %+v, want two in one bridge", file, peers)
				}
			}
		}
		slices.Sort(told[2:])
		if len(told) != 4 || strings.Count(strings.Join(told, ","), "true") != 1 {
			t.Errorf("%s: told %v, want two answers, two hangups, and the last one of the call", file, told)
		}
	}
}

// TestTransfers: whoever transfers whom, a call ends once, with its last channel.
func TestTransfers(t *testing.T) {
	for _, file := range append(transcripts(t, "*/*transfer-*.txt"), transcripts(t, "*/pickup-*.txt")...) {
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		ended := map[string]int{}
		moved := 0
		for _, m := range transcript(t, file) {
			events, _ := table.Apply(m, noon)
			for _, e := range events {
				switch {
				case e.Kind == recording.ChannelHungUp && e.Last:
					ended[e.Channel.LinkedID]++
					if left := table.Peers(recording.Channel{LinkedID: e.Channel.LinkedID}); len(left) > 0 {
						t.Errorf("%s: %v live on after the last hangup", file, ids(left))
					}
				case e.Kind == recording.RecordingMoved:
					moved++
					if e.Channel.Extension != "420" || e.To.Extension != "412" {
						t.Errorf("%s: moved from %s to %s, want 420 to 412", file, e.Channel.Extension, e.To.Extension)
					}
				}
			}
		}
		for linked, n := range ended {
			if n > 1 {
				t.Errorf("%s: the call %s ended %d times", file, linked, n)
			}
		}
		if want := strings.Count(filepath.Base(file), "pickup"); moved != want {
			t.Errorf("%s: %d recordings moved, want %d", file, moved, want)
		}
	}
}

func TestHoldAndRename(t *testing.T) {
	table := asterisk.NewTable("pbx1", asterisk.Extensions{})
	table.Apply(event("Newchannel", "SIP/410-00000001", "1.1", "1.1", "6"), noon)
	table.Apply(event("Hold", "SIP/410-00000001", "1.1", "1.1", "6"), noon)
	table.Begin()
	table.Complete([]ami.Message{row("SIP/410-00000001", "1.1", "1.1", "6", "", "00:00:05")}, noon)
	if c, _ := table.Get("1.1"); !c.OnHold {
		t.Error("hold is forgotten by a listing")
	}
	table.Apply(event("Unhold", "SIP/410-00000001", "1.1", "1.1", "6"), noon)
	if c, _ := table.Get("1.1"); c.OnHold {
		t.Error("on hold after Unhold")
	}
	table.Apply(amitest.Message("Event", "Rename", "Channel", "SIP/410-00000001", "Newname", "SIP/411-00000002", "Uniqueid", "1.1"), noon)
	if got := len(table.Find(target(t, "410"))); got != 0 {
		t.Errorf("%d channels of the old name", got)
	}
	if got := len(table.Find(target(t, "411"))); got != 1 {
		t.Errorf("%d channels of the new name, want 1", got)
	}
}

// BenchmarkFind looks for a channel among 10 to 10,000 live ones: it takes the
// same time among few and among many.
func BenchmarkFind(b *testing.B) {
	for _, live := range []int{10, 100, 1000, 10_000} {
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		for i := range live {
			id := fmt.Sprintf("%d.%d", noon.Unix(), i)
			table.Apply(event("Newchannel", fmt.Sprintf("PJSIP/%d-%08x", 10_000+i, i), id, id, "6"), noon)
		}
		for name, text := range map[string]string{
			"extension": fmt.Sprintf("PJSIP/%d", 10_000+live/2), "unique id": fmt.Sprintf("%d.%d", noon.Unix(), live/2), "none": "99999",
		} {
			parsed := target(b, text)
			b.Run(fmt.Sprintf("%s of %d", name, live), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if found := len(table.Find(parsed)); found > 1 || found == 0 != (name == "none") {
						b.Fatalf("%d channels", found)
					}
				}
			})
		}
	}
}

// TestLinkedIDOfABridge: Asterisk gives all channels of a bridge the linked id
// of the oldest, whatever its text, and says so of the one that enters last.
func TestLinkedIDOfABridge(t *testing.T) {
	for _, tt := range []struct{ first, second, want string }{
		{"crm-b", "crm-a", "crm-b"},
		{"crm-b", "crm-a", "crm-a"},
		{"crm-a", "1795727617.10", "crm-a"},
		{"1795727617.12", "crm-a", "crm-a"},
		{"2.2", "1.1", "2.2"},
	} {
		table := asterisk.NewTable("pbx1", asterisk.Extensions{})
		for _, id := range []string{tt.first, tt.second} {
			table.Apply(event("Newchannel", "SIP/410-0000000"+id[len(id)-1:], id, id, "6"), noon)
		}
		bridge := []string{"BridgeUniqueid", "b", "BridgeType", "basic"}
		table.Apply(event("BridgeEnter", "SIP/410-1", tt.first, tt.first, "6", bridge...), noon)
		table.Apply(event("BridgeEnter", "SIP/410-2", tt.second, tt.want, "6", bridge...), noon)
		for _, id := range []string{tt.first, tt.second} {
			if c, _ := table.Get(id); c.LinkedID != tt.want {
				t.Errorf("%+v: %q has the linked id %q", tt, id, c.LinkedID)
			}
		}
	}
}
