package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"recgate/recording"
)

// FuzzKey: a key is refused, or is a file inside the folder that is given back
// under that key alone.
func FuzzKey(f *testing.F) {
	for _, k := range []string{key, "..", "../x", "a/b", "", ".incoming", "a\x00", "A", "0.wav", strings.Repeat("a", 81), "a\n"} {
		f.Add(k)
	}
	good := regexp.MustCompile(`\A[0-9a-z][0-9a-z.-]{0,79}\z`)
	above := f.TempDir()
	dir := filepath.Join(above, "archive")
	d := newDisk(f, dir)
	f.Fuzz(func(t *testing.T, k string) {
		_, err := d.Put(t.Context(), k, strings.NewReader(k))
		if (err == nil) != good.MatchString(k) {
			t.Fatalf("Put(%q) = %v", k, err)
		}
		if err != nil {
			if _, _, err := d.Open(t.Context(), k); err == nil || recording.CodeOf(err) == recording.NotFound {
				t.Errorf("Open(%q) = %v", k, err)
			}
			return
		}
		f, _, err := d.Open(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close(), d.Remove(t.Context(), k)); err != nil || string(text) != k {
			t.Errorf("%q gives back %q, %v", k, text, err)
		}
		if beside, err := os.ReadDir(above); err != nil || len(beside) != 1 {
			t.Errorf("beside the archive: %v, %v", beside, err)
		}
	})
}
