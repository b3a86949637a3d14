package ami

import (
	"fmt"
	"strings"
)

// Limits of what we send. Asterisk answers an error to a line over about 1020
// bytes and to 129 headers (seen on 16 and 22); we stay below both.
const (
	maxLineOut    = 1000
	maxHeadersOut = 100
)

// encode gives the bytes of an action with its ActionID as the second header,
// or ErrUnsafe when Asterisk could read them in any other way than as exactly
// these headers. It is the only way from a value to the wire.
func encode(a Action, id string) ([]byte, error) {
	if err := check(a); err != nil {
		return nil, err
	}
	n := len("ActionID: \r\n\r\n") + len(id)
	for _, h := range a {
		n += len(h.Name) + len(h.Value) + len(": \r\n")
	}
	b := make([]byte, 0, n)
	for i, h := range a {
		b = appendHeader(b, h)
		if i == 0 {
			b = appendHeader(b, Header{"ActionID", id})
		}
	}
	return append(b, "\r\n"...), nil
}

func appendHeader(b []byte, h Header) []byte {
	b = append(b, h.Name...)
	b = append(b, ": "...)
	b = append(b, h.Value...)
	return append(b, "\r\n"...)
}

// check refuses what would not arrive as it was meant. Its errors name the
// header and never hold the value, which may be a secret.
func check(a Action) error {
	if len(a) == 0 || a[0].Name != "Action" || a[0].Value == "" {
		return fmt.Errorf("%w: the first header must be Action, with a name", ErrUnsafe)
	}
	if len(a)+1 > maxHeadersOut {
		return fmt.Errorf("%w: %d headers, at most %d are allowed", ErrUnsafe, len(a)+1, maxHeadersOut)
	}
	for i, h := range a {
		why := h.Unsafe()
		if why == "" && i > 0 && strings.EqualFold(h.Name, "Action") {
			why = "may come only once"
		}
		if why != "" {
			return fmt.Errorf("%w: header %q %s", ErrUnsafe, Shorten(h.Name), why)
		}
	}
	return nil
}

// Unsafe says why Asterisk could read a header of an action in another way than
// it was meant, or "".
func (h Header) Unsafe() string {
	switch {
	case h.Name == "":
		return "has no name"
	case strings.ContainsAny(h.Name, "\r\n\x00:"):
		return "has a name with a line break, a NUL or a colon"
	case strings.ContainsAny(h.Value, "\r\n\x00"):
		return "has a value with a line break or a NUL"
	case len(h.Name)+len(": ")+len(h.Value) > maxLineOut:
		return fmt.Sprintf("is longer than %d bytes", maxLineOut)
	case strings.EqualFold(h.Name, "ActionID"):
		return "is given by the client"
	}
	return ""
}
