package sim

import (
	"bufio"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitArguments(t *testing.T) {
	for _, tt := range []struct {
		text string
		want [3]string
	}{
		{"a.wav,,", [3]string{"a.wav"}},
		{"a.wav,i(ID),", [3]string{"a.wav", "i(ID)"}},
		{"a.wav,,rm x,,", [3]string{"a.wav", "", "rm x"}},
		{"a.wav,b,rm x, y", [3]string{"a.wav", "b", "rm x, y"}},
		{`a\,b.wav,,`, [3]string{"a,b.wav"}},
		{`"a,b.wav",,`, [3]string{"a,b.wav"}},
		{"a(1,2).wav,r(x,y),", [3]string{"a(1,2).wav", "r(x,y)"}},
		{`a\`, [3]string{`a\`}},
	} {
		if diff := cmp.Diff(tt.want, splitArguments(tt.text)); diff != "" {
			t.Errorf("splitArguments(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for text, want := range map[string]map[rune]string{
		"":                     {},
		"br(in.wav)t(out.wav)": {'b': "", 'r': "in.wav", 't': "out.wav"},
		"i(ID)S":               {'i': "ID", 'S': ""},
		"r(open":               {},
	} {
		if diff := cmp.Diff(want, parseOptions(text)); diff != "" {
			t.Errorf("parseOptions(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseClasses(t *testing.T) {
	for text, want := range map[string]class{
		"":                   0,
		"off":                0,
		"call, CDR":          classCall | classCDR,
		"on":                 classAll,
		"call,all":           classAll,
		"no such thing,call": classCall,
	} {
		if got := parseClasses(text); got != want {
			t.Errorf("parseClasses(%q) = %v, want %v", text, got, want)
		}
	}
}

func FuzzArguments(f *testing.F) {
	f.Add(`a.wav,br(x)i(ID),echo "a\,b"`)
	f.Fuzz(func(t *testing.T, text string) {
		args := splitArguments(text)
		parseOptions(args[1])
		if n := len(args[0]) + len(args[1]) + len(args[2]); n > len(text) {
			t.Errorf("%q became longer: %q", text, args)
		}
	})
}

// FuzzReadRequest feeds the reader anything. What it returns keeps the
// limits, has no line break, and reads the same when it is written again.
func FuzzReadRequest(f *testing.F) {
	f.Add("Action: Ping\r\nActionID: 1\r\n\r\n")
	f.Add("\r\n\r\nA:b\nc\n\n")
	f.Add(strings.Repeat("x", 3000) + "\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := bufio.NewReaderSize(strings.NewReader(text), 64)
		for {
			m, err := readRequest(r)
			if err != nil && !errors.Is(err, errLineTooLong) && !errors.Is(err, errTooManyLines) {
				return
			}
			if len(m) > maxHeaders {
				t.Fatalf("%d headers", len(m))
			}
			for _, h := range m {
				if strings.Contains(h.Name+h.Value, "\n") {
					t.Fatalf("line break in %q", h)
				}
			}
			if err == nil && !strings.Contains(text, "\r") && len(m) > 0 && m[0].Name != "" {
				again, err := readRequest(bufio.NewReader(strings.NewReader(string(m.encode(nil)))))
				if err != nil && !errors.Is(err, errLineTooLong) {
					t.Fatalf("read again: %v", err)
				}
				if diff := cmp.Diff(m, again); err == nil && diff != "" {
					t.Fatalf("reads differently (-first +again):\n%s", diff)
				}
			}
		}
	})
}
