package recording

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxText is the most characters that a tag or a username may have.
const MaxText = 255

// CheckText reads a tag or a username: any printable text of at most 255
// characters, blanks around it dropped. The result is compared byte for
// byte everywhere and never becomes part of anything sent to a PBX.
func CheckText(arg, value string) (string, error) {
	if !utf8.ValidString(value) {
		return "", Errorf(Invalid, "%s is not text: it is neither UTF-8 nor latin-1", arg)
	}
	// Only blanks are dropped: a line break at the end is a control
	// character like any other, and refused.
	text := strings.Trim(value, " ")
	for _, r := range text {
		if unicode.IsControl(r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return "", Errorf(Invalid, "%s %q holds the control character %U", arg, Shorten(text), r)
		}
	}
	if n := utf8.RuneCountInString(text); n > MaxText {
		return "", Errorf(Invalid, "%s %q has %d characters, %d are allowed", arg, Shorten(text), n, MaxText)
	}
	return text, nil
}

// NeedText is CheckText for an argument that may not be missing; hint says
// what to do about that.
func NeedText(arg, value, hint string) (string, error) {
	text, err := CheckText(arg, value)
	if err == nil && text == "" {
		return "", Errorf(Invalid, "%s is missing or empty: %s", arg, hint)
	}
	return text, err
}

// Stamp returns a time as records hold it: UTC, whole milliseconds.
func Stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// The most bytes of a text that a Store keeps: of a name, an id or a tag, and
// of the reason of a step.
const (
	MaxName   = 1020 // 255 characters of four bytes
	MaxReason = 16000
)

// Cut returns the beginning of a text that is longer than limit bytes, without
// half a character at its end, and any other text as it is.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit
	for end > limit-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// Shorten keeps messages and logs readable when a value is enormous.
func Shorten(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "..."
		}
	}
	return s
}

// Printable makes text that nobody has checked fit to be kept and shown: with
// anything in it that is not UTF-8 or is a control character the whole is
// written as in a Go string literal; at most limit characters are kept.
func Printable(text string, limit int) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		text = strconv.Quote(text)
		text = text[1 : len(text)-1]
	}
	if r := []rune(text); len(r) > limit {
		text = string(r[:limit])
	}
	return text
}
