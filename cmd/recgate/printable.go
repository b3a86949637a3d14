package main

import (
	"io"
	"strconv"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// printable passes text on with everything that a terminal might obey made
// visible: control characters other than tabs and line ends, marks that turn
// the direction of writing, bytes that are not text. Tags, user names and what a
// PBX says come from outside, and a person reads them in a terminal, in the
// output of a command or in the log. What it writes instead, \u009b, means the
// same character inside of JSON. It is safe for use by many goroutines.
type printable struct {
	mu   sync.Mutex // guards the fields below
	w    io.Writer
	half []byte // of a character whose other bytes have not come yet
	out  []byte
}

// Write passes p on; like any writer it says that all of p is written, not how
// much became of it.
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
