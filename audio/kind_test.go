package audio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"recgate/audio"
)

// wavOf is a WAV of one second with a format of its own.
func wavOf(tag, bits uint16) []byte {
	b, err := audio.Header(8000, 1, 16000)
	if err != nil {
		panic(err)
	}
	binary.LittleEndian.PutUint16(b[20:], tag)
	binary.LittleEndian.PutUint16(b[34:], bits)
	return append(b, make([]byte, 16000)...)
}

// TestOtherKinds: what a PBX may write by another setting is named.
func TestOtherKinds(t *testing.T) {
	head := func(s string) []byte { return append([]byte(s), make([]byte, 64)...) }
	for _, tt := range []struct {
		content []byte
		kind    string
		is      error
	}{
		{wavOf(7, 8), "a WAV of µ-law", audio.ErrFormat},
		{wavOf(6, 8), "a WAV of A-law", audio.ErrFormat},
		{wavOf(0x31, 0), "a WAV of GSM", audio.ErrFormat},
		{wavOf(3, 32), "a WAV of floating point", audio.ErrFormat},
		{wavOf(1, 24), "a WAV of 24 bit", audio.ErrFormat},
		{wavOf(1, 8), "a WAV of 8 bit", audio.ErrFormat},
		{wavOf(1, 7), "a WAV of an odd number of bits", audio.ErrFormat},
		{wavOf(0x7777, 16), "a WAV of a format that is not known", audio.ErrFormat},
		{head("RF64\xff\xff\xff\xffWAVEds64"), "an RF64 file, a WAV of more than 4 GiB", audio.ErrNotWAV},
		{head("riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb"), "a W64 file", audio.ErrNotWAV},
		{head("RIFX\x00\x00\x00\x24WAVEfmt "), "a WAV of the other byte order (RIFX)", audio.ErrNotWAV},
		{head("OggS\x00\x02"), "an Ogg file", audio.ErrNotWAV},
		{head("no sound at all"), "", audio.ErrNotWAV},
	} {
		_, _, err := audio.Files{}.Check(bytes.NewReader(tt.content), int64(len(tt.content)))
		var other *audio.OtherKind
		kind := ""
		if errors.As(err, &other) {
			kind = other.Kind()
		}
		if !errors.Is(err, tt.is) || kind != tt.kind || !strings.Contains(err.Error(), tt.kind) {
			t.Errorf("%.12q: %v of kind %q, want %q", tt.content, err, kind, tt.kind)
		}
	}
}
