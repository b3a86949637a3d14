package recording

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// ID names a recording: a UUID of version 7 (RFC 9562, section 5.7) in its
// canonical form, 36 characters, lower case. Ids of later recordings sort
// after earlier ones, to the millisecond.
type ID string

// NewID makes an id from the time and 10 bytes of chance.
func NewID(now time.Time, random io.Reader) (ID, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("make a recording id: %w", err)
	}
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return ID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
}

// ParseID accepts the canonical form and the 32 digits of Hex, in any case.
func ParseID(s string) (ID, error) {
	h := strings.ToLower(strings.ReplaceAll(s, "-", ""))
	if _, err := hex.DecodeString(h); err != nil || len(h) != 32 {
		return "", Errorf(Invalid, "%q is not a recording id", s)
	}
	return ID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
}

// Hex returns the 32 digits of the id, [0-9a-f]: the only text of ours that
// ever becomes part of a file name or of an AMI value.
func (id ID) Hex() string { return strings.ReplaceAll(string(id), "-", "") }
