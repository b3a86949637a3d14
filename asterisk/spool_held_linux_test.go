package asterisk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recgate/recording"
)

// heldSpool is a spool with one file, and what asks who may write to it.
func heldSpool(t *testing.T) (s *spool, path string, held func() recording.Held) {
	t.Helper()
	s = newSpool(t.TempDir(), "pbx1")
	name := strings.Repeat("0f", 16) + ".wav"
	path = filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, path, func() recording.Held {
		t.Helper()
		f, err := s.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return f.Held()
	}
}

func TestWriterOfASpoolFileIsSeen(t *testing.T) {
	_, path, held := heldSpool(t)
	if got := held(); got != recording.HeldUnseen {
		t.Errorf("before anybody was seen to write here: %v, want it unknown", got)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if got := held(); got != recording.HeldUnseen {
		t.Errorf("with a reader: %v, want it unknown", got)
	}
	writer, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := held(); got != recording.HeldByWriter {
		t.Errorf("with a writer: %v, want it seen", got)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := held(); got != recording.HeldByNobody {
		t.Errorf("when it was closed: %v, want nobody", got)
	}
}

// A writer that was met while it wrote is known by other files, too; one is
// looked for once a minute at most.
func TestWriterIsMet(t *testing.T) {
	s, path, held := heldSpool(t)
	name := filepath.Base(path)
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.lookForWriter(name)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := held(); got != recording.HeldByNobody {
		t.Errorf("after it was met: %v, want nobody", got)
	}
	s, path, held = heldSpool(t)
	s.lookForWriter(filepath.Base(path))
	if writer, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	s.lookForWriter(filepath.Base(path))
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := held(); got != recording.HeldUnseen {
		t.Errorf("after two tries within a minute: %v, want it unknown", got)
	}
}
