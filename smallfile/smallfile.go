// Package smallfile reads the files that an operator names: configuration,
// secrets, keys, certificates. Every one of them is read here and nowhere
// else, so that none can hold up the start of the program or fill its memory,
// and so that an editor's byte order mark never becomes a part of a secret.
// Start at Read.
package smallfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"unicode/utf16"
)

// MaxBytes is how large a file may be; the largest are chains of certificates.
const MaxBytes = 1 << 20

// Read returns the text of a file. A pipe, device, socket or folder is refused
// without waiting for it; links are followed, so that /dev/stdin can be used while it
// is redirected from a file. The error names the path and what to do; it wraps
// fs.ErrNotExist if there is no file.
func Read(path string) ([]byte, error) {
	info, err := os.Stat(path) // before opening it, which on some devices already does something
	if err == nil {
		err = checkRegular(path, info)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be a pipe by now
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if info, err = f.Stat(); err == nil {
		err = checkRegular(path, info)
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err == nil && len(data) > MaxBytes {
		err = fmt.Errorf("%s is larger than %d bytes: use a smaller file", path, MaxBytes)
	}
	if err != nil {
		return nil, err
	}
	text, err := DecodeText(data)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return text, nil
}

// checkRegular refuses all but a regular file.
func checkRegular(path string, info fs.FileInfo) error {
	kind := ""
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return fmt.Errorf("%s is a folder, not a regular file: use the path of a file in it", path)
	case mode&fs.ModeNamedPipe != 0:
		kind = "pipe"
	case mode&fs.ModeSocket != 0:
		kind = "socket"
	default:
		kind = "device"
	}
	return fmt.Errorf("%s is a %s, not a regular file: copy its content into a file and use the path of that file", path, kind)
}

// The marks that tell an encoding.
var (
	utf8Mark   = []byte("\xEF\xBB\xBF")
	littleMark = []byte("\xFF\xFE")
	bigMark    = []byte("\xFE\xFF")
)

var errUTF16 = errors.New("is not valid UTF-16: save it as UTF-8")

// DecodeText returns data without byte order marks, and as UTF-8 where such a mark
// says that it is UTF-16, as editors on Windows write it. Bytes without a mark
// stay as they are. The error is without a subject, for the caller to prefix.
func DecodeText(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, littleMark):
		return decodeUTF16(data[len(littleMark):], binary.LittleEndian)
	case bytes.HasPrefix(data, bigMark):
		return decodeUTF16(data[len(bigMark):], binary.BigEndian)
	}
	return clean(data)
}

// decodeUTF16 reads UTF-16.
func decodeUTF16(data []byte, order binary.ByteOrder) ([]byte, error) {
	if len(data)%2 != 0 {
		return nil, errUTF16
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == '\uFFFD' {
			return nil, errUTF16
		}
		i++
	}
	return clean([]byte(string(utf16.Decode(units))))
}

// clean drops marks of UTF-8, and refuses what no text has.
func clean(text []byte) ([]byte, error) {
	for bytes.HasPrefix(text, utf8Mark) { // some editors add one at each saving
		text = text[len(utf8Mark):]
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return nil, fmt.Errorf("contains a NUL byte at offset %d, so it is not text: save it as UTF-8", i)
	}
	return text, nil
}
