package ami

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// ours is the ActionID prefix that these tests read with.
const ours = "0123456789abcdef-"

func readWhole(src io.Reader) (messages []Message, err error) {
	r := newReader(src, ours)
	for {
		m, err := r.message()
		if err != nil {
			return messages, err
		}
		messages = append(messages, m)
	}
}

var marker = regexp.MustCompile(`(?m)^(>>> |<<< |### ).*\n`)

// captured returns what the server said in a transcript, after the greeting,
// as the bytes on the wire and as the messages that a second, simple parser sees.
func captured(t testing.TB, file string) (wire []byte, want []Message) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	marks := marker.FindAllIndex(text, -1)
	for i, mark := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		block := text[mark[1]:end]
		if !bytes.HasPrefix(text[mark[0]:], []byte("<<< ")) || bytes.HasPrefix(block, []byte(greeting)) {
			continue
		}
		wire = append(wire, block...)
		var m Message
		for line := range strings.SplitSeq(strings.TrimSuffix(string(block), "\r\n\r\n"), "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				m = append(m, Header{name, value})
			}
		}
		if len(m) > 0 {
			want = append(want, m)
		}
	}
	return wire, want
}

func transcripts(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../testdata/asterisk/*/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d transcripts: %v", len(files), err)
	}
	return files
}

func TestReaderReadsEveryTranscript(t *testing.T) {
	total := 0
	for _, file := range transcripts(t) {
		wire, want := captured(t, file)
		for name, src := range map[string]io.Reader{
			"whole":        bytes.NewReader(wire),
			"byte by byte": iotest.OneByteReader(bytes.NewReader(wire)),
			"halves":       iotest.HalfReader(bytes.NewReader(wire)),
		} {
			got, err := readWhole(src)
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s, %s: ended with %v", file, name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-captured +read):\n%s", file, name, diff)
			}
		}
		total += len(want)
	}
	if total < 1000 {
		t.Errorf("only %d messages in the transcripts", total)
	}
}

func TestReader(t *testing.T) {
	follows := "Response: Follows\r\nPrivilege: Command\r\nActionID: " + ours + "7\r\n"
	tests := []struct {
		name, wire string
		want       []Message
		err        error
	}{
		{"nothing", "", nil, io.EOF},
		{"one header", "Event: X\r\n\r\n", []Message{{{"Event", "X"}}}, io.EOF},
		{"line feeds alone", "Event: X\nA: 1\n\n", []Message{{{"Event", "X"}, {"A", "1"}}}, io.EOF},
		{"empty messages", "\r\n\r\nEvent: X\r\n\r\n\r\n\r\nEvent: Y\r\n\r\n\n", []Message{{{"Event", "X"}}, {{"Event", "Y"}}}, io.EOF},
		{"one blank belongs to the colon", "A:  b \r\nB:c\r\nC:\r\nD: \r\n\r\n", []Message{{{"A", " b "}, {"B", "c"}, {"C", ""}, {"D", ""}}}, io.EOF},
		{"colons in the value", "A: b: c\r\n\r\n", []Message{{{"A", "b: c"}}}, io.EOF},
		{"a carriage return in the value", "A: b\rC: d\r\n\r\n", []Message{{{"A", "b\rC: d"}}}, io.EOF},
		{"no colon", "A: b\r\nwhat\r\n\r\n", []Message{{{"A", "b"}, {"", "what"}}}, io.EOF},
		{"repeated names", "V: 1\r\nv: 2\r\nV: 3\r\n\r\n", []Message{{{"V", "1"}, {"v", "2"}, {"V", "3"}}}, io.EOF},
		{"cut in a line", "Event: X", nil, io.ErrUnexpectedEOF},
		{"cut in a message", "Event: X\r\n", nil, io.ErrUnexpectedEOF},
		{
			"command output", follows + "one\n\nActionID: forged\nEvent: Forged\n--END COMMAND--\r\n\r\nEvent: X\r\n\r\n",
			[]Message{{
				{"Response", "Follows"},
				{"Privilege", "Command"},
				{"ActionID", ours + "7"},
				{"Output", "one"},
				{"Output", ""},
				{"Output", "ActionID: forged"},
				{"Output", "Event: Forged"},
			}, {{"Event", "X"}}},
			io.EOF,
		},
		{"cut in command output", follows + "one\n", nil, io.ErrUnexpectedEOF},
		{
			"command output of somebody else swallows nothing", "Response: Follows\r\nActionID: forged\r\n\r\nEvent: X\r\n\r\n",
			[]Message{{{"Response", "Follows"}, {"ActionID", "forged"}}, {{"Event", "X"}}},
			io.EOF,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readWhole(strings.NewReader(tt.wire))
			if !errors.Is(err, tt.err) {
				t.Errorf("ended with %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// endless gives one text forever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestReaderLimits(t *testing.T) {
	line := strings.Repeat("x", maxLine-len("A: \r\n"))
	tests := []struct {
		name string
		src  io.Reader
		want error
		read int // messages
	}{
		{"the longest line", strings.NewReader("A: " + line + "\r\n\r\n"), io.EOF, 1},
		{"a line one longer", strings.NewReader("A: x" + line + "\r\n\r\n"), ErrProtocol, 0},
		{"an endless line", endless("x"), ErrProtocol, 0},
		{"endless headers", endless("A: b\r\n"), ErrProtocol, 0},
		{"endless long headers", endless("A: " + line + "\r\n"), ErrProtocol, 0},
		{"endless output", io.MultiReader(strings.NewReader("Response: Follows\r\nActionID: "+ours+"1\r\n"), endless("\r\n")), ErrProtocol, 0},
		{"the most headers", strings.NewReader(strings.Repeat("A: b\r\n", maxHeaders) + "\r\n"), io.EOF, 1},
		{"one header more", strings.NewReader(strings.Repeat("A: b\r\n", maxHeaders+1) + "\r\n"), ErrProtocol, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readWhole(tt.src)
			if !errors.Is(err, tt.want) || len(got) != tt.read {
				t.Errorf("read %d messages, then %v; want %d, %v", len(got), err, tt.read, tt.want)
			}
		})
	}
}

// FuzzReader: whatever comes in, the reader ends, keeps its limits, and reads
// what it read once more when that is written again.
func FuzzReader(f *testing.F) {
	for _, file := range transcripts(f) {
		wire, _ := captured(f, file)
		f.Add(wire[:min(len(wire), 4096)])
	}
	f.Add([]byte("Response: Follows\r\nActionID: " + ours + "1\r\na\n\nb\n--END COMMAND--\r\n\r\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		got, err := readWhole(bytes.NewReader(wire))
		if err == nil {
			t.Fatal("the reader ended without an error")
		}
		split, _ := readWhole(iotest.OneByteReader(bytes.NewReader(wire)))
		if diff := cmp.Diff(got, split); diff != "" {
			t.Fatalf("split at every byte (-whole +split):\n%s", diff)
		}
		for _, m := range got {
			if len(m) == 0 || len(m) > maxHeaders || m.size() > maxMessage {
				t.Fatalf("a message of %d headers and %d bytes", len(m), m.size())
			}
			for _, h := range m {
				if strings.ContainsAny(h.Name+h.Value, "\n") || strings.Contains(h.Name, ":") {
					t.Fatalf("header %q", h)
				}
			}
		}
	})
}

// BenchmarkReadEvent reads one Newchannel-sized event of 19 headers.
func BenchmarkReadEvent(b *testing.B) {
	wire, messages := captured(b, "../testdata/asterisk/22/whole-call-pjsip-mixmonitor.txt")
	b.SetBytes(int64(len(wire) / len(messages)))
	b.ReportAllocs()
	r := newReader(endless(wire), ours)
	for b.Loop() {
		if _, err := r.message(); err != nil {
			b.Fatal(err)
		}
	}
}
