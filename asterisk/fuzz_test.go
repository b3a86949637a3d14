package asterisk

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// mark begins a block of a capture, and says who spoke.
var mark = regexp.MustCompile(`(?m)^(>>> |<<< |### ).*\n`)

// messagesIn reads what a capture or a fuzzer says, as simply as can be.
func messagesIn(wire string) []ami.Message {
	var all []ami.Message
	for text := range strings.SplitSeq(mark.ReplaceAllString(wire, "\r\n"), "\r\n\r\n") {
		var m ami.Message
		for line := range strings.SplitSeq(text, "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				m = append(m, ami.Header{Name: name, Value: value})
			}
		}
		if len(m) > 0 {
			all = append(all, m)
		}
	}
	return all
}

// FuzzTable: whatever events and listings say, the table does not panic, its
// indexes agree with each other, and it finds nothing by half a name.
func FuzzTable(f *testing.F) {
	files, err := filepath.Glob("../testdata/asterisk/*/*.txt")
	if err != nil || len(files) < 30 {
		f.Fatalf("%d transcripts: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text[:min(len(text), 16384)]), "410")
	}
	f.Add("Event: Newchannel\r\nChannel: SIP/410-1\r\nUniqueid: 1.1\r\n\r\nEvent: Rename\r\nUniqueid: 1.1\r\nNewname: a/b\r\n\r\n", "b")
	f.Fuzz(func(t *testing.T, wire, text string) {
		messages := messagesIn(wire)
		table := NewTable("pbx1", Extensions{})
		at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		for i, m := range messages {
			if i == len(messages)/2 {
				table.Begin()
			}
			table.Apply(m, at)
		}
		table.Begin()
		table.Complete(messages[len(messages)/2:], at)
		target, err := recording.ParseTarget(text)
		if err != nil {
			return
		}
		for _, c := range table.Find(target) {
			found := c.Extension
			if i := strings.LastIndexByte(c.Extension, '/'); i >= 0 && sameTech(c.Name, "dahdi") {
				found = c.Extension[i+1:]
			}
			name := target.Name[strings.LastIndexByte(target.Name, '/')+1:] // a DAHDI target names its span
			if c.UniqueID != target.Text && c.Name != target.Text && lower(found) != lower(target.Name) && lower(found) != lower(name) {
				t.Errorf("%q finds %q of %q", text, c.Name, c.Extension)
			}
		}
		table.agrees(t)
	})
}

// agrees checks that every channel can be found by what it is.
func (t *Table) agrees(test *testing.T) {
	for _, index := range []map[string][]*entry{t.byName, t.byLinked, t.byBridge} {
		for key, entries := range index {
			for _, e := range entries {
				if t.byID[e.UniqueID] != e {
					test.Errorf("%q leads to %q, which is gone", key, e.UniqueID)
				}
			}
		}
	}
	for id, e := range t.byID {
		if e.UniqueID != id || e.Extension != "" && !slices.Contains(t.byName[lower(e.Extension)], e) ||
			e.Bridge != "" && !slices.Contains(t.byBridge[e.Bridge], e) {
			test.Errorf("%q is %+v, and is not found by that", id, e.Channel)
		}
	}
}

// FuzzSpoolName: only a file of a recording is opened or deleted, by its name,
// and none leads out of the folder.
func FuzzSpoolName(f *testing.F) {
	id := strings.Repeat("0f", 16)
	for _, name := range []string{id + ".wav", id + "-in.wav", id, "../" + id + ".wav", id + ".wav\n", "/etc/passwd", "", id + ".wav\x00", id + "-in-out.wav"} {
		f.Add(name)
	}
	ours := regexp.MustCompile(`\A[0-9a-f]{32}(-in|-out)?\.wav\z`)
	s := newSpool(f.TempDir(), "pbx1")
	f.Fuzz(func(t *testing.T, name string) {
		_, err := s.Open(name)
		refused := err != nil && strings.Contains(err.Error(), errName.Error())
		if refused == ours.MatchString(name) {
			t.Errorf("Open(%q) = %v", name, err)
		}
		if err := s.Remove(name); (err != nil) != refused {
			t.Errorf("Remove(%q) = %v", name, err)
		}
		if !refused && filepath.Dir(filepath.Join(s.dir, name)) != s.dir {
			t.Errorf("%q leads out of the spool", name)
		}
	})
}

// FuzzSendable: a unique id that may be sent is one value of one line, and
// Asterisk reads it as it is; any other is refused. That what is not refused
// arrives as it was, the tests of ami show.
func FuzzSendable(f *testing.F) {
	for _, id := range []string{
		"1763719200.12", "PBX Sydney-1763719200.12", "büro-1-1.1", "crm-call-4711", "1.1,,touch", "1.1\r\n", "1.1)", "1.1 ", " 1.1", "\t1.1", "${X}.1", "",
		strings.Repeat("x", 149), strings.Repeat("x", 2000),
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		good := id != "" && id[0] > ' ' && !strings.ContainsAny(id, "\r\n\x00") && len("Channel: ")+len(id) <= 1000
		if err := sendable(id); (err == nil) != good {
			t.Errorf("sendable(%q) = %v", id, err)
		}
	})
}
