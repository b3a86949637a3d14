package httpd

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"recgate/recording"
)

const (
	// MaxRequest is the most bytes of a query string or of a body.
	MaxRequest = 64 << 10
	// MaxArguments is the most arguments of one request.
	MaxArguments = 100
)

// Argument is one value that the caller sent, decoded.
type Argument struct {
	Name, Value string
	// Absent means that the caller sent no value (xsi:nil); the argument only keeps
	// its position.
	Absent bool
	// Plus means that a blank in the value was sent as a plus sign.
	Plus bool
}

// Arguments are the arguments of one request, in the order in which they were sent.
type Arguments []Argument

// First returns the first value of an argument, by its name in any case.
func (all Arguments) First(name string) (string, bool) {
	for _, a := range all {
		if SameName(a.Name, name) && !a.Absent {
			return a.Value, true
		}
	}
	return "", false
}

// SameName compares a name of ours with one that was sent, without regard to
// case. The lengths keep letters of other alphabets out, which fold to ASCII
// ones (a long s to an s) and may not even stand in an answer's element.
func SameName(ours, sent string) bool { return len(ours) == len(sent) && strings.EqualFold(ours, sent) }

// ParseQuery reads a query string, or a form, which is written the same way.
// net/url is not used because it drops what it cannot read: here & alone
// separates (a semicolon is data), + and %20 are blanks, %uXXXX is a UTF-16
// unit, and bytes that are not UTF-8 are windows-1252. Anything else after a
// percent sign is refused. Next to an error it returns what it could read, so
// that a refused retrieval can still be named in the access log.
func ParseQuery(query string) (Arguments, error) { return ParseForm(query, "") }

// ParseForm is ParseQuery for a form. charset is what bytes that are not UTF-8 are
// read as; empty means windows-1252. Line ends around an argument are dropped:
// inside an argument they would be escaped.
func ParseForm(query, charset string) (Arguments, error) {
	others := encodingNamed(charset)
	if others == nil {
		others = charmap.Windows1252
	}
	var failed error
	if len(query) > MaxRequest {
		failed = recording.Errorf(recording.Invalid, "the request is longer than %d bytes", MaxRequest)
		query = query[:MaxRequest]
	}
	var args Arguments
	for piece := range strings.SplitSeq(query, "&") {
		if piece = strings.Trim(piece, "\r\n"); piece == "" {
			continue
		}
		if len(args) == MaxArguments {
			return args, recording.Errorf(recording.Invalid, "the request has more than %d arguments", MaxArguments)
		}
		a, err := parseArgument(piece, others)
		if err != nil && failed == nil {
			failed = err
		}
		args = append(args, a)
	}
	return args, failed
}

func parseArgument(piece string, others encoding.Encoding) (Argument, error) {
	rawName, rawValue, _ := strings.Cut(piece, "=")
	name, bad := unescape(rawName, others)
	if bad != "" {
		return Argument{Name: rawName, Value: rawValue}, recording.Errorf(recording.Invalid,
			"the name of an argument, %q, holds the bad escape %q: write a percent sign as %%25", recording.Shorten(rawName), bad)
	}
	value, bad := unescape(rawValue, others)
	if bad != "" {
		return Argument{Name: name, Value: rawValue}, recording.Errorf(recording.Invalid,
			"%s %q holds the bad escape %q: write a percent sign as %%25", recording.Shorten(name), recording.Shorten(rawValue), bad)
	}
	return Argument{Name: name, Value: value, Plus: strings.Contains(rawValue, "+")}, nil
}

// unescape decodes one name or value; bytes that are not UTF-8 are read as others.
// bad is the first escape that cannot be read, or empty.
func unescape(s string, others encoding.Encoding) (text, bad string) {
	if !strings.ContainsAny(s, "%+") && utf8.ValidString(s) {
		return s, ""
	}
	var out strings.Builder
	var raw []byte // bytes since the last %uXXXX
	for i := 0; i < len(s); {
		switch {
		case s[i] == '+':
			raw = append(raw, ' ')
			i++
		case s[i] != '%':
			raw = append(raw, s[i])
			i++
		case i+1 < len(s) && (s[i+1] == 'u' || s[i+1] == 'U'):
			r, n := decodeUnit(s[i:])
			if n == 0 {
				return "", s[i:min(i+6, len(s))]
			}
			out.WriteString(decodeBytes(others, raw))
			out.WriteRune(r)
			raw = raw[:0]
			i += n
		default:
			b, ok := parseHex(s[i:], 1, 2)
			if !ok {
				return "", s[i:min(i+3, len(s))]
			}
			raw = append(raw, byte(b))
			i += 3
		}
	}
	out.WriteString(decodeBytes(others, raw))
	return out.String(), ""
}

// decodeUnit decodes %uXXXX, or two of them that are a surrogate pair, and returns
// how many bytes of s they are; 0 when s begins with neither.
func decodeUnit(s string) (rune, int) {
	high, ok := parseHex(s, 2, 4)
	if !ok {
		return 0, 0
	}
	if r := rune(high); !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) < 12 || s[6] != '%' || s[7] != 'u' && s[7] != 'U' {
		return 0, 0
	}
	low, ok := parseHex(s[6:], 2, 4)
	if r := utf16.DecodeRune(rune(high), rune(low)); ok && r != utf8.RuneError {
		return r, 12
	}
	return 0, 0
}

// parseHex reads exactly n hexadecimal digits of s, beginning at offset.
func parseHex(s string, offset, n int) (uint64, bool) {
	if len(s) < offset+n {
		return 0, false
	}
	v, err := strconv.ParseUint(s[offset:offset+n], 16, 32)
	return v, err == nil
}

// decodeBytes reads bytes as UTF-8 if they are valid UTF-8, else as others.
func decodeBytes(others encoding.Encoding, b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	text, err := others.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(text)
}
