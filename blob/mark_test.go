package blob_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"

	"recgate/blob"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// markedDisk is a folder whose mark can be taken away.
type markedDisk struct {
	*blob.Disk
	dir string
}

func (d markedDisk) ForgetMark(t testing.TB) {
	if err := os.Remove(filepath.Join(d.dir, ".recgate-archive")); err != nil {
		t.Fatal(err)
	}
}

func TestMarkedDisk(t *testing.T) {
	recordingtest.TestMarkedBlobs(t, func(t *testing.T, known func(context.Context) (string, error)) recordingtest.MarkedBlobs {
		dir := filepath.Join(t.TempDir(), "upper", "archive")
		return recordingtest.MarkedOf(markedDisk{blob.NewDisk(dir, known), dir})
	})
}

// markedS3 is a bucket whose mark can be taken away.
type markedS3 struct {
	*blob.S3
	s *server
}

func (b markedS3) ForgetMark(t testing.TB) {
	if err := b.s.client.Client.RemoveObject(t.Context(), "calls", s3Mark, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestMarkedS3(t *testing.T) {
	recordingtest.TestMarkedBlobs(t, func(t *testing.T, known func(context.Context) (string, error)) recordingtest.MarkedBlobs {
		s := newServer(t)
		b, err := blob.NewS3(options(s.URL), known)
		if err != nil {
			t.Fatal(err)
		}
		m := markedS3{b, s}
		m.ForgetMark(t)
		return recordingtest.MarkedOf(m)
	})
}

// Nothing at all happens in a folder that is not the archive: a probe, a
// sweep or a folder would be a trace.
func TestNothingIsLeftInAnotherFolder(t *testing.T) {
	dir := t.TempDir()
	d := blob.NewDisk(dir, ourMark)
	_, putErr := d.Put(t.Context(), key, strings.NewReader("sound"))
	for name, err := range map[string]error{"put": putErr, "check": d.Check(t.Context()), "remove": d.Remove(t.Context(), key), "there": d.CheckMark(t.Context())} {
		if recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), "not the archive that the database knows: mount the archive") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := files(t, dir); len(all) != 1 {
		t.Errorf("there are %v", all)
	}
}

// A mark counts as it was written: no link, no folder, nothing longer.
func TestBadMarks(t *testing.T) {
	good := "recgate archive " + mark + "\n"
	elsewhere := filepath.Join(t.TempDir(), "mark")
	if err := os.WriteFile(elsewhere, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"empty":     func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"other":     func(path string) error { return os.WriteFile(path, []byte("recgate archive "+mark[1:]+"\n"), 0o600) },
		"long":      func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 1<<20)+good), 0o600) },
		"a folder":  func(path string) error { return os.Mkdir(path, 0o700) },
		"a link":    func(path string) error { return os.Symlink(elsewhere, path) },
		"a FIFO":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"not ended": func(path string) error { return os.WriteFile(path, []byte(good[:30]), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(filepath.Join(dir, ".recgate-archive")); err != nil {
				t.Fatal(err)
			}
			d := blob.NewDisk(dir, ourMark)
			if _, err := d.ReadMark(t.Context()); recording.CodeOf(err) != recording.Unavailable {
				t.Errorf("ReadMark: %v", err)
			}
			if _, err := d.Put(t.Context(), key, strings.NewReader("x")); recording.CodeOf(err) != recording.Unavailable {
				t.Errorf("Put: %v", err)
			}
			if err := d.WriteMark(t.Context(), mark); err == nil {
				t.Error("it was replaced")
			}
		})
	}
}

// FuzzMark: what is in a mark is an id or a refusal, whatever it is.
func FuzzMark(f *testing.F) {
	for _, text := range []string{"", "recgate archive " + mark, "recgate archive " + mark + "\r\nmore", "recgate archive\n", mark, "\x00", "recgate archive " + strings.ToLower(mark)} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	d := blob.NewDisk(dir, ourMark)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, ".recgate-archive"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := d.ReadMark(t.Context())
		if (err == nil) != (len(id) == 26) || err != nil && recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("%q gave %q, %v", text, id, err)
		}
		if err == nil && !strings.HasPrefix(string(text), "recgate archive "+id) {
			t.Errorf("%q gave %q", text, id)
		}
		if err == nil && !errors.Is(d.WriteMark(t.Context(), id), nil) {
			t.Error("its own mark was refused")
		}
	})
}
