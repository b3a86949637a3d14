package ami

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEncode(t *testing.T) {
	got, err := encode(NewAction("Setvar", "Channel", "SIP/410-00000000", "Variable", "A", "Variable", "B", "Value", ""), "id-1")
	want := "Action: Setvar\r\nActionID: id-1\r\nChannel: SIP/410-00000000\r\nVariable: A\r\nVariable: B\r\nValue: \r\n\r\n"
	if err != nil || string(got) != want {
		t.Errorf("encode = %q, %v; want %q", got, err, want)
	}
}

// TestEncodeRefuses holds the hostile values of the captured injections.
func TestEncodeRefuses(t *testing.T) {
	many := NewAction("X")
	for range maxHeadersOut - 1 {
		many = append(many, Header{"Variable", "x"})
	}
	long := strings.Repeat("0", maxLineOut-len("Value: "))
	tests := []struct {
		name   string
		action Action
		safe   bool
	}{
		{"CR LF opens a header", NewAction("Setvar", "Value", "22\r\nActionID: forged"), false},
		{"two CR LF open an action", NewAction("Setvar", "Value", "22\r\n\r\nAction: Command\r\nCommand: core stop now"), false},
		{"a lone LF", NewAction("Setvar", "Value", "22\nActionID: forged"), false},
		{"a lone CR", NewAction("Setvar", "Value", "22\rActionID: forged"), false},
		{"a NUL", NewAction("Setvar", "Value", "22\x00"), false},
		{"at the end", NewAction("Setvar", "Value", "22\r\n"), false},
		{"in the name of the action", NewAction("Ping\r\nAction: Command"), false},
		{"a line break in a name", NewAction("Setvar", "Value\r\nX", "22"), false},
		{"a NUL in a name", NewAction("Setvar", "Value\x00", "22"), false},
		{"a colon in a name", NewAction("Setvar", "Action: Command\r\nX", "22"), false},
		{"a colon alone in a name", NewAction("Setvar", "Value: 1", "22"), false},
		{"no name", NewAction("Setvar", "", "22"), false},
		{"a name without value", NewAction("Setvar", "Value"), false},
		{"a second action", NewAction("Setvar", "action", "Command"), false},
		{"an ActionID", NewAction("Setvar", "actionid", "1"), false},
		{"no action", Action{{"Channel", "SIP/410"}, {"Action", "Ping"}}, false},
		{"no action's name", NewAction(""), false},
		{"nothing", nil, false},
		{"the longest line", NewAction("Setvar", "Value", long), true},
		{"a line one longer", NewAction("Setvar", "Value", long+"0"), false},
		{"the most headers", many[:maxHeadersOut-1], true},
		{"one header more", many, false},
		{"text of every other kind", NewAction("Setvar", "Value", `O'Brien, 22 <é>: ${X} ; \ `), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := encode(tt.action, "id")
			if tt.safe != (err == nil) || errors.Is(err, ErrUnsafe) == tt.safe || (got == nil) == tt.safe {
				t.Errorf("encode = %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "22") {
				t.Errorf("the error holds the value: %v", err)
			}
		})
	}
}

// headersOf reads an action as Asterisk does: a line ends at LF, CR before it
// is cut, an empty line ends the action, the name ends at the first colon.
func headersOf(t interface{ Fatalf(string, ...any) }, wire []byte) Action {
	lines := strings.Split(string(wire), "\n")
	if n := len(lines); n < 3 || lines[n-1] != "" || lines[n-2] != "\r" {
		t.Fatalf("no whole action: %q", wire)
	}
	var a Action
	for _, line := range lines[:len(lines)-2] {
		line = strings.TrimSuffix(line, "\r")
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("line %q of %q", line, wire)
		}
		a = append(a, Header{name, value})
	}
	return a
}

// exactly checks the promise of encode: the very headers, or nothing at all.
func exactly(t interface{ Fatalf(string, ...any) }, a Action) {
	wire, err := encode(a, "id")
	hostile := slices.ContainsFunc(a, func(h Header) bool {
		return strings.ContainsAny(h.Name, "\r\n\x00:") || strings.ContainsAny(h.Value, "\r\n\x00")
	})
	if err != nil || hostile {
		if len(wire) > 0 || !errors.Is(err, ErrUnsafe) {
			t.Fatalf("encode(%q) = %q, %v", a, wire, err)
		}
		return
	}
	want := slices.Insert(slices.Clone(a), 1, Header{"ActionID", "id"})
	if diff := cmp.Diff(want, headersOf(t, wire)); diff != "" {
		t.Fatalf("headers (-asked for +on the wire):\n%s", diff)
	}
}

func TestWhatLeavesIsWhatWasAsked(t *testing.T) {
	value := rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.RuneFrom([]rune("aA1: \t\r\n\x00,;$`é"))),
		rapid.SampledFrom([]string{"\r\n\r\nAction: Command", "\n\n", "x\r", strings.Repeat("y", 990)}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	)
	safe, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a := NewAction(rapid.StringMatching(`[A-Z][a-z]{0,8}`).Draw(t, "action"))
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			name := rapid.OneOf(rapid.StringMatching(`[A-Z][a-z]{0,8}`), value).Draw(t, "name")
			a = append(a, Header{name, value.Draw(t, "value")})
		}
		exactly(t, a)
		if check(a) == nil {
			safe++
		} else {
			refused++
		}
	})
	if safe == 0 || refused == 0 {
		t.Errorf("%d safe and %d refused actions: the property says nothing", safe, refused)
	}
}

// FuzzWriter is the same property over bytes that the fuzzer finds.
func FuzzWriter(f *testing.F) {
	f.Add("Setvar", "Value", "22", "Variable", "RECTAG")
	f.Add("Setvar", "Value", "22\r\n\r\nAction: Command", "X", "")
	f.Add("Ping\n", "", "\x00", "a:b", "\r")
	f.Fuzz(func(t *testing.T, action, name1, value1, name2, value2 string) {
		exactly(t, NewAction(action, name1, value1, name2, value2))
	})
}
