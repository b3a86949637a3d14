package smallfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"recgate/smallfile"
)

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// utf16Of encodes text as a Windows editor does for "Unicode".
func utf16Of(text string, put func([]byte, uint16) []byte) []byte {
	b := put(nil, 0xFEFF)
	for _, unit := range utf16.Encode([]rune(text)) {
		b = put(b, unit)
	}
	return b
}

func little(b []byte, unit uint16) []byte { return append(b, byte(unit), byte(unit>>8)) }
func big(b []byte, unit uint16) []byte    { return append(b, byte(unit>>8), byte(unit)) }

func TestRead(t *testing.T) {
	const text = "büro: приёмная 🔑\r\n"
	for name, content := range map[string][]byte{
		"plain":                    []byte(text),
		"UTF-8 with a mark":        []byte("\xEF\xBB\xBF" + text),
		"UTF-16, little end first": utf16Of(text, little),
		"UTF-16, big end first":    utf16Of(text, big),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := smallfile.Read(write(t, content))
			if err != nil || string(got) != text {
				t.Errorf("%q, %v, want %q", got, err, text)
			}
		})
	}
	empty, err := smallfile.Read(write(t, nil))
	if err != nil || len(empty) != 0 {
		t.Errorf("an empty file: %q, %v", empty, err)
	}
	latin, err := smallfile.Read(write(t, []byte("b\xFCro")))
	if err != nil || string(latin) != "b\xFCro" {
		t.Errorf("bytes of another encoding: %q, %v: want them as they are, for a secret may be so", latin, err)
	}
	most, err := smallfile.Read(write(t, bytes.Repeat([]byte("x"), smallfile.MaxBytes)))
	if err != nil || len(most) != smallfile.MaxBytes {
		t.Errorf("the largest file: %d bytes, %v", len(most), err)
	}
}

// TestReadRefuses what is not text, too much of it, or no file that ends. A
// read that waits for a writer fails the test by its deadline.
func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, want string }{
		{"a named pipe", pipe, "is a pipe, not a regular file: copy its content into a file"},
		{"a link to one", link, "is a pipe, not a regular file"},
		{"a device that never ends", "/dev/zero", "is a device, not a regular file"},
		{"a device without content", "/dev/null", "is a device, not a regular file"},
		{"a socket", socket, "is a socket, not a regular file"},
		{"a folder", dir, "is a folder, not a regular file"},
		{"too much", write(t, bytes.Repeat([]byte("x"), smallfile.MaxBytes+1)), "is larger than 1048576 bytes"},
		{"half a unit of UTF-16", write(t, append(utf16Of("x", little), 'y')), "is not valid UTF-16: save it as UTF-8"},
		{"half a letter of UTF-16", write(t, little(little(nil, 0xFEFF), 0xD83D)), "is not valid UTF-16: save it as UTF-8"},
		{"UTF-16 without a mark", write(t, utf16Of("key", little)[2:]), "contains a NUL byte at offset 1, so it is not text: save it as UTF-8"},
		{"UTF-32", write(t, []byte("\xFF\xFE\x00\x00k\x00\x00\x00")), "so it is not text: save it as UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			type result struct {
				text []byte
				err  error
			}
			done := make(chan result, 1)
			go func() {
				text, err := smallfile.Read(tt.path)
				done <- result{text, err}
			}()
			select {
			case got := <-done:
				if got.err == nil || !strings.HasPrefix(got.err.Error(), tt.path+" ") || !strings.Contains(got.err.Error(), tt.want) {
					t.Errorf("%q, %v; want %s, then %q", got.text, got.err, tt.path, tt.want)
				}
			case <-time.After(10 * time.Second):
				t.Error("reading it had not ended after 10 s")
			}
		})
	}
	if _, err := smallfile.Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v, want fs.ErrNotExist", err)
	}
}

// FuzzText: what is taken for text has no byte order mark left and no NUL.
func FuzzText(f *testing.F) {
	f.Add([]byte("a"))
	f.Add(utf16Of("a\r\n", little))
	f.Add(utf16Of("a", big))
	f.Add([]byte("\xEF\xBB\xBF\xEF\xBB\xBFa"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := smallfile.DecodeText(data)
		if err == nil && (bytes.ContainsRune(text, 0) || bytes.HasPrefix(text, []byte("\xEF\xBB\xBF"))) {
			t.Errorf("%q became %q", data, text)
		}
	})
}
