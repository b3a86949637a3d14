package asterisk

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"recgate/recording"
)

func TestSpoolNames(t *testing.T) {
	s := newSpool(t.TempDir(), "pbx1")
	id := strings.Repeat("0f", 16)
	ours := []string{id + "-in.wav", id + "-out.wav", id + ".wav"}
	for _, name := range append(ours, id+".gsm", "20261121-410.wav", ".recgate-check-1", strings.ToUpper(id)+".wav") {
		if err := os.WriteFile(filepath.Join(s.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := strings.Repeat("1f", 16) + ".wav"
	if err := os.Symlink("/etc/passwd", filepath.Join(s.dir, other)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Names()
	slices.Sort(got)
	if err != nil || !slices.Equal(got, ours) {
		t.Errorf("Names = %v, %v; want %v", got, err, ours)
	}
}

// A folder that is not there, or is not the mount that it was, says so.
func TestSpoolAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mount")
	s := newSpool(dir, "pbx1")
	away := func(when string) {
		t.Helper()
		if _, err := s.Names(); recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), `"pbx1"`) {
			t.Errorf("%s: %v, want Unavailable that names the PBX", when, err)
		}
	}
	there := func(when string) {
		t.Helper()
		if _, err := s.Names(); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	away("without the folder")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	away("with a file in its place")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	there("with a folder that never was a mount")
	mounted := uint64(7)
	s.device = func(name string) (uint64, error) {
		if name == dir {
			return mounted, nil
		}
		return 1, nil
	}
	there("mounted")
	mounted = 1
	away("unmounted")
	mounted = 9
	there("mounted again")
}
