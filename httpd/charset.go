package httpd

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"recgate/recording"
)

// xmlEncoding finds the encoding in an XML declaration.
var xmlEncoding = regexp.MustCompile(`^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// ToUTF8 turns a message into UTF-8. Its encoding is named, strongest first, by
// its byte order mark, the charset of the content type or the XML declaration (RFC
// 7303, section 3); otherwise it is UTF-8.
func ToUTF8(body []byte, contentType string) ([]byte, error) {
	switch {
	case bytes.HasPrefix(body, []byte("\xEF\xBB\xBF")):
		return checkUTF8(body[3:])
	case bytes.HasPrefix(body, []byte("\xFF\xFE")):
		return decodeUTF16(body[2:], binary.LittleEndian)
	case bytes.HasPrefix(body, []byte("\xFE\xFF")):
		return decodeUTF16(body[2:], binary.BigEndian)
	case bytes.HasPrefix(body, []byte("<\x00")):
		return decodeUTF16(body, binary.LittleEndian)
	case bytes.HasPrefix(body, []byte("\x00<")):
		return decodeUTF16(body, binary.BigEndian)
	}
	charset := CharsetOf(contentType)
	if charset == "" {
		if m := xmlEncoding.FindSubmatch(body); m != nil {
			charset = string(m[1])
		}
	}
	return decodeText(body, charset)
}

// notASCII are encodings in which a byte of ASCII need not be that character.
var notASCII = regexp.MustCompile(`(?i)^(?:utf-?7|unicode-1-1-utf-7|hz-gb-2312|iso-2022-.*|(?:cp|ibm|x-ibm-)?-?(?:037|500|1047|1140)|ebcdic.*|scsu|bocu-1)$`)

// decodeText turns text in a named encoding into UTF-8. Text that is declared as
// UTF-16 or UTF-32 and has no NUL byte is UTF-8: somebody converted it and left the
// declaration. Where all bytes are ASCII, it does not matter which superset of
// ASCII it is. By ISO 8859-1 most programs mean windows-1252, which contains all of
// it but control characters (WHATWG, Encoding Standard).
func decodeText(text []byte, charset string) ([]byte, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return checkUTF8(text)
	}
	if wideEncoding.MatchString(charset) {
		if bytes.IndexByte(text, 0) >= 0 {
			return nil, recording.Errorf(recording.Invalid, "the message says that it is %s, but it has no byte order mark and does not begin with <", recording.Shorten(charset))
		}
		return checkUTF8(text)
	}
	if isASCII(text) && !notASCII.MatchString(charset) {
		return text, nil
	}
	known := encodingNamed(charset)
	if known == nil {
		return nil, recording.Errorf(recording.Invalid, "messages in %q cannot be read: send UTF-8", recording.Shorten(charset))
	}
	plain, err := known.NewDecoder().Bytes(text)
	if err != nil || bytes.ContainsRune(plain, utf8.RuneError) {
		return nil, recording.Errorf(recording.Invalid, "the message is not valid %s: name its charset in the content type", recording.Shorten(charset))
	}
	return plain, nil
}

// otherNames are names that programs use for encodings, and what they mean.
var otherNames = []struct {
	name *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`(?i)^(?:x-)?(?:windows|win|cp|ms)[-_]?(125[0-8]|874)$`), "windows-$1"},
	{regexp.MustCompile(`(?i)^iso[-_]?8859[-_]?([0-9]{1,2})$`), "iso-8859-$1"},
	{regexp.MustCompile(`(?i)^latin[-_]?([0-9]{1,2})$`), "l$1"},
}

// encodingNamed finds a superset of ASCII other than UTF-8 by its name, or
// returns nil.
func encodingNamed(charset string) encoding.Encoding {
	for _, other := range otherNames {
		charset = other.name.ReplaceAllString(charset, other.is)
	}
	known, err := htmlindex.Get(charset)
	if err != nil || known == unicode.UTF8 || wideEncoding.MatchString(charset) || notASCII.MatchString(charset) {
		return nil
	}
	return known
}

// wideEncoding are encodings whose units are longer than a byte.
var wideEncoding = regexp.MustCompile(`(?i)^(?:utf-?(?:16|32)|ucs-?[24]|iso-10646-ucs-[24]|unicode)(?:-?[lb]e)?$`)

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}

// charsetParameter finds the charset in a content type that is not well-formed, or
// whose value is in quotes of another kind.
var charsetParameter = regexp.MustCompile(`(?i);\s*charset\s*=\s*["']?\s*([A-Za-z0-9._:+-]+)`)

// CharsetOf returns the charset that a content type names, or "".
func CharsetOf(contentType string) string {
	if m := charsetParameter.FindStringSubmatch(contentType); m != nil {
		return m[1]
	}
	return ""
}

func checkUTF8(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, recording.Errorf(recording.Invalid, "the message is not valid UTF-8: name its charset in the content type")
	}
	return b, nil
}

func decodeUTF16(b []byte, order binary.ByteOrder) ([]byte, error) {
	if len(b)%2 != 0 {
		return nil, recording.Errorf(recording.Invalid, "the message is cut off inside a UTF-16 character")
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}
