package main

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// printable is a writer that makes visible everything that a terminal might obey:
// control characters other than tabs and line ends, marks that change the direction
// of writing, bytes that are not text. Tags, user names and texts of a PBX come from
// outside, and a person reads them in a terminal, in the output of a command or in
// the log. It writes escapes such as \u009b, which mean the same character inside
// JSON. It is safe for use by many goroutines.
type printable struct {
	mu   sync.Mutex // guards the fields below
	w    io.Writer
	half []byte // the first bytes of a character whose others have not come yet
	out  []byte
}

// Write writes p. Like any writer it returns how many bytes of p were written, not
// how many that became.
func (t *printable) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.half) == 0 && isPlain(p) { // nearly always
		return t.w.Write(p)
	}
	rest := p
	if len(t.half) > 0 {
		rest = append(t.half, p...)
	}
	t.out = t.out[:0]
	for len(rest) > 0 && utf8.FullRune(rest) {
		r, n := utf8.DecodeRune(rest)
		t.out = appendPrintable(t.out, r, n)
		rest = rest[n:]
	}
	t.half = append([]byte(nil), rest...)
	if _, err := t.w.Write(t.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// isPlain reports whether p is printable ASCII, with tabs and line ends.
func isPlain(p []byte) bool {
	for _, c := range p {
		if (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// appendPrintable appends a character of n bytes, or its escape.
func appendPrintable(b []byte, r rune, n int) []byte {
	switch {
	case r == utf8.RuneError && n == 1:
		return append(b, `\ufffd`...)
	case r == '\n', r == '\t', unicode.IsPrint(r):
		return utf8.AppendRune(b, r)
	case r < 0x10000:
		return appendUnit(b, r)
	}
	high, low := utf16.EncodeRune(r)
	return appendUnit(appendUnit(b, high), low)
}

// appendUnit appends \uXXXX.
func appendUnit(b []byte, u rune) []byte {
	return append(append(b, `\u`...), strconv.FormatInt(0x10000|int64(u), 16)[1:]...)
}

// onOneLine replaces line breaks and all other characters that are not printable in a
// text of a PBX or a caller.
func onOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
