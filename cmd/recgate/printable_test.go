package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
)

// hostileTexts are what a terminal would obey, and what a log must not take
// for a line of its own.
var hostileTexts = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u009b31m", "\b\b\b", "\x7f", "\u202eback", "\u2028line", "a\u00a0b", "\ufeff", "\U000e0041", "\xff\x9b",
	"a\r\nlevel=ERROR msg=forged", "a\" msg=\"forged", "a\",\"msg\":\"forged", "O'Brien, 22 <é> 😀", "\x00",
}

// wantPrinted fails when a text has a character that does not print.
func wantPrinted(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.ContainsFunc(strings.Trim(line, "\n"), func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }) {
			t.Errorf("unprintable: %q", line)
		}
	}
}

func TestPrintable(t *testing.T) {
	var out bytes.Buffer
	w := &printable{w: &out}
	text := strings.Join(hostileTexts, "|") + "\tend\n"
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	wantPrinted(t, out.String())
	for _, want := range []string{`|\u009b31m|`, `\u001b[31mred`, `\u202eback`, `\ufffd\ufffd`, `\udb40\udc41`, "O'Brien, 22 <é> 😀", "\tend\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
	whole := out.String()
	out.Reset()
	if _, err := io.Copy(struct{ io.Writer }{w}, iotest.OneByteReader(strings.NewReader(text))); err != nil {
		t.Fatal(err)
	}
	if out.String() != whole {
		t.Errorf("cut at every byte it is %q, in one piece %q", out.String(), whole)
	}
}

// TestNoLineIsForged: whatever texts are logged, in either format, one call is
// one line, nothing in it is obeyed by a terminal, and JSON keeps the text.
func TestNoLineIsForged(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := newLog(&printable{w: &out}, format, slog.LevelInfo)
		for _, text := range hostileTexts {
			out.Reset()
			log.Info("request refused", "tag", text, text, "a key", slog.Any("err", fmt.Errorf("refused %s", text)))
			wantPrinted(t, out.String())
			if strings.Count(out.String(), "\n") != 1 {
				t.Errorf("%s: %q became %q", format, text, out.String())
			}
			var fields struct{ Msg, Tag string }
			if format == "json" {
				if err := json.Unmarshal(out.Bytes(), &fields); err != nil || fields.Msg != "request refused" || fields.Tag != strings.ToValidUTF8(text, "\ufffd\ufffd") {
					t.Errorf("%q is logged as %+v (%v)", text, fields, err)
				}
			} else if strings.Count(out.String(), " msg=") > 1 && !strings.Contains(text, "msg=") {
				t.Errorf("%q became %q", text, out.String())
			}
		}
	}
}

// TestCommandsPrintNothingToObey: what a person reads of a command is visible,
// even the name of the file that they gave.
func TestCommandsPrintNothingToObey(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), process{args: []string{"check", "--config", "/no\x1b[31m\u009b/file"}, stdout: &stdout, stderr: &stderr})
	wantPrinted(t, stdout.String()+stderr.String())
	if code != 1 || !strings.Contains(stderr.String(), "no\\u001b[31m") {
		t.Errorf("code %d, %q", code, stderr.String())
	}
}
