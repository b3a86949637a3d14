package audio

import (
	"bytes"
	"fmt"
)

// OtherKind is the error of a file that holds sound of a kind that is not kept.
// It wraps ErrFormat, or ErrNotWAV where the file is not a WAV at all.
type OtherKind struct {
	kind string
	of   error
}

// Kind returns the kind in words, of a small fixed set: "a WAV of µ-law".
func (e *OtherKind) Kind() string { return e.kind }

// Error implements error.
func (e *OtherKind) Error() string { return fmt.Sprintf("%v: it is %s", e.of, e.kind) }

// Unwrap returns ErrFormat or ErrNotWAV.
func (e *OtherKind) Unwrap() error { return e.of }

// formats are what telephone systems write into a WAV besides PCM: the tags of
// WAVEFORMATEX, see RFC 2361, appendix A, and mmreg.h.
var formats = map[uint16]string{
	0x0002: "ADPCM",
	0x0003: "floating point",
	0x0006: "A-law",
	0x0007: "µ-law",
	0x0011: "IMA ADPCM",
	0x0014: "G.723",
	0x0031: "GSM",
	0x0040: "G.721",
	0x0055: "MP3",
	0x0064: "G.726",
	0x0083: "G.729",
}

// otherFormat is the error of a WAV whose samples are not PCM of 16 bit.
func otherFormat(tag, bits uint16) error {
	kind, known := formats[tag]
	switch {
	case tag == formatPCM && (bits == 8 || bits == 24 || bits == 32):
		kind = fmt.Sprintf("%d bit", bits)
	case tag == formatPCM:
		kind = "an odd number of bits"
	case !known:
		kind = "a format that is not known"
	}
	return &OtherKind{"a WAV of " + kind, ErrFormat}
}

// heads are how files of other kinds begin.
var heads = []struct {
	begins []byte
	kind   string
}{
	{[]byte("RF64"), "an RF64 file, a WAV of more than 4 GiB"},
	{[]byte("BW64"), "a BW64 file, a WAV of more than 4 GiB"},
	{[]byte("RIFX"), "a WAV of the other byte order (RIFX)"},
	{[]byte("riff\x2e\x91\xcf\x11"), "a W64 file"}, // the GUID of Sony's Wave64
	{[]byte("OggS"), "an Ogg file"},
	{[]byte("fLaC"), "a FLAC file"},
	{[]byte("ID3"), "an MP3 file"},
	{[]byte(".snd"), "an AU file"},
	{[]byte("FORM"), "an AIFF file"},
	{[]byte("#!AMR"), "an AMR file"},
}

// notRIFF is the error of a file that does not begin as a WAV does.
func notRIFF(head []byte) error {
	for _, h := range heads {
		if bytes.HasPrefix(head, h.begins) {
			return &OtherKind{h.kind, ErrNotWAV}
		}
	}
	return fmt.Errorf("%w: it begins with %q", ErrNotWAV, head)
}
