package soap

import (
	"bytes"
	"encoding/binary"
	"mime"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"recgate/recording"
)

// declared finds the encoding in an XML declaration.
var declared = regexp.MustCompile(`^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// toUTF8 turns a message into UTF-8. What it is written in is told, strongest
// first, by its byte order mark, the charset of the content type and the XML
// declaration (RFC 7303, section 3); otherwise it is UTF-8.
func toUTF8(body []byte, contentType string) ([]byte, error) {
	switch {
	case bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")):
		return validUTF8(body[3:])
	case bytes.HasPrefix(body, []byte("\xFF\xFE")):
		return fromUTF16(body[2:], binary.LittleEndian)
	case bytes.HasPrefix(body, []byte("\xFE\xFF")):
		return fromUTF16(body[2:], binary.BigEndian)
	case bytes.HasPrefix(body, []byte("<\x00")):
		return fromUTF16(body, binary.LittleEndian)
	case bytes.HasPrefix(body, []byte("\x00<")):
		return fromUTF16(body, binary.BigEndian)
	}
	charset := charsetOf(contentType)
	if charset == "" {
		if m := declared.FindSubmatch(body); m != nil {
			charset = string(m[1])
		}
	}
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return validUTF8(body)
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1":
		return latin1(body), nil
	case "utf-16", "utf-16le", "utf-16be":
		return nil, refuse(recording.Invalid, "the message says that it is %s, but it has no byte order mark and does not begin with <", charset)
	}
	return nil, refuse(recording.Invalid, "messages in %q cannot be read: send UTF-8", shorten(charset))
}

func charsetOf(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["charset"]
}

func validUTF8(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, refuse(recording.Invalid, "the message is not valid UTF-8: name its charset in the content type")
	}
	return b, nil
}

func latin1(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

func fromUTF16(b []byte, order binary.ByteOrder) ([]byte, error) {
	if len(b)%2 != 0 {
		return nil, refuse(recording.Invalid, "the message is cut off inside a UTF-16 character")
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}
