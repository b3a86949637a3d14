package recording_test

import (
	"strings"
	"testing"

	"recgate/recording"
	"recgate/recording/recordingtest"
)

// TestExtension holds the vectors of the wire reference, sections 8.2 and
// 8.3, and those of docs/noojee.md.
func TestExtension(t *testing.T) {
	for _, tt := range []struct{ channel, want string }{
		{"SIP/410-12FA7B", "410"},
		{"sip/410-12fa7b", "410"},
		{"SIP/115-08239ca8", "115"},
		{"PJSIP/410-0000001a", "410"},
		{"PJSIP/front-desk-0000001a", "front-desk"},
		{"PJSIP/front-desk", "front-desk"},
		{"PJSIP/acme-410-0000000c", "acme-410"},
		{"Local/410@from-internal-00000003;1", "410"},
		{"Local/410@from-internal-00000003;2", "410"},
		{"Parked/SIP/410-0000001a", "410"},
		{"AsyncGoto/SIP/410-0000001a", "410"},
		{"Bridge/SIP/410-0000001a", "410"},
		{"AsyncGoto/SIP/410-0000001a<ZOMBIE>", ""},
		{"SIP/410-0000001a<MASQ>", ""},
		{"SIP/410-0000001a<masq>", ""},
		{"IAX2/test-16139", "test"},
		{"IAX2/test-5226", "test"},
		{"IAX2/410-7", "410"},
		{"DAHDI/1-1", "1"},
		{"DAHDI/i1/0383208100-1a", "0383208100"},
		{"DAHDI/i1/0383208100:5-1a", "0383208100"},
		{"DAHDI/i1/410-3", "410"},
		{"SCCP/0210-00000026", "0210"},
		{"Agent/1001", "1001"},
		{"Snoop/1631595787.5-00000001", ""},
		{"SIP/410", "410"},
		{"Console/dsp", ""},
		{"CBAnn/conf-00000001;1", ""},
		{" SIP/410-12FA7B ", "410"},
		{"410", ""},
		{"", ""},
		{"SIP/", ""},
	} {
		t.Run(tt.channel, func(t *testing.T) {
			if got := recording.Extension(tt.channel); got != tt.want {
				t.Errorf("Extension(%q) = %q, want %q", tt.channel, got, tt.want)
			}
		})
	}
}

func TestParseTarget(t *testing.T) {
	for _, tt := range []struct {
		text, tech, name string
		uniqueID         bool
	}{
		{"410", "", "410", false},
		{" 410 ", "", "410", false},
		{"SIP/410", "SIP", "410", false},
		{"PJSIP/front-desk", "PJSIP", "front-desk", false},
		{"DAHDI/i1/0383208100", "DAHDI", "i1/0383208100", false},
		{"12347811.214", "", "12347811.214", true},
		{"pbx1-12347811.214", "", "pbx1-12347811.214", true},
		{"*97", "", "*97", false},
		{"+61383208100", "", "+61383208100", false},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := recording.ParseTarget(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.Tech != tt.tech || got.Name != tt.name || got.IsUniqueID() != tt.uniqueID {
				t.Errorf("ParseTarget(%q) = %+v, unique id %v", tt.text, got, got.IsUniqueID())
			}
		})
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, text := range []string{"", " ", "410\r", "\n410", "4\x0010", strings.Repeat("4", 901)} {
		t.Run(recordingtest.Short(text), func(t *testing.T) {
			_, err := recording.ParseTarget(text)
			recordingtest.RefusedByForm(t, "extenOrUniqueId", text, err)
		})
	}
}

func FuzzExtension(f *testing.F) {
	for _, seed := range []string{"SIP/410-12FA7B", "Local/410@a-1;2", "DAHDI/i1/1:2-3", "Parked/SIP/1-1<ZOMBIE>", "//", ";1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, channel string) {
		tech, name := recording.SplitChannel(channel)
		if (tech == "") != (name == "") && name != "" {
			t.Errorf("SplitChannel(%q) = %q, %q", channel, tech, name)
		}
		if !strings.Contains(channel, name) || recording.Extension(channel) != name {
			t.Errorf("SplitChannel(%q) = %q, which is no part of it", channel, name)
		}
	})
}

// FuzzParseTarget: what passes fits into one line of a PBX's protocol, and is
// in none of its parts another text than the caller's.
func FuzzParseTarget(f *testing.F) {
	for _, seed := range append(recordingtest.Hostile, recordingtest.OddIDs...) {
		f.Add(seed)
	}
	f.Add("SIP/410")
	f.Fuzz(func(t *testing.T, text string) {
		target, err := recording.ParseTarget(text)
		if err != nil {
			recordingtest.RefusedByForm(t, "extenOrUniqueId", text, err)
			return
		}
		if target.Text == "" || strings.ContainsAny(target.Text, "\r\n\x00") || len(target.Text) > 900 || target.Text != strings.Trim(text, " ") {
			t.Errorf("ParseTarget(%q) lets %q pass", text, target.Text)
		}
		if whole := target.Tech + "/" + target.Name; target.Text != target.Name && target.Text != whole {
			t.Errorf("ParseTarget(%q) makes %q of it", text, whole)
		}
	})
}
