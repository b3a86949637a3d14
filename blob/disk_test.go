package blob_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/blob"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

const key = "0198c0de000070008000000000000001.wav"

func newDisk(t testing.TB, dir string) *blob.Disk {
	t.Helper()
	d := blob.NewDisk(dir, ourMark)
	if err := d.WriteMark(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	return d
}

const mark = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func ourMark(context.Context) (string, error) { return mark, nil }

func put(t *testing.T, d *blob.Disk, key string) {
	t.Helper()
	if _, err := d.Put(t.Context(), key, strings.NewReader("sound")); err != nil {
		t.Fatal(err)
	}
}

// files lists what is below a folder, with its modes.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		rel, _ := filepath.Rel(dir, path) // dir is a prefix of path
		all = append(all, info.Mode().String()+" "+rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBlobs(t *testing.T) {
	recordingtest.TestBlobs(t, func(t *testing.T) recording.Blobs {
		dir := t.TempDir()
		t.Cleanup(func() {
			left, err := os.ReadDir(filepath.Join(dir, ".incoming"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
		return newDisk(t, dir)
	})
}

func TestWhereThingsAre(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "archive")
	d := newDisk(t, dir)
	put(t, d, key)
	put(t, d, "short")
	want := []string{
		"drwxr-x--- .",
		"drwxr-x--- .incoming", "-rw-r----- .recgate-archive",
		"drwxr-x--- 0198c0", "-rw-r----- 0198c0/" + key,
		"drwxr-x--- short", "-rw-r----- short/short",
	}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("after a check (-want +got):\n%s", diff)
	}
}

// TestLinksAreNotFollowed: whoever can write into the archive may not make
// recgate show, or write to, what lies elsewhere.
func TestLinksAreNotFollowed(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	d := newDisk(t, dir)
	put(t, d, key)
	secret := filepath.Join(elsewhere, key)
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, link := range [][2]string{
		{secret, "0198c0/0198c0link"},
		{key, "0198c0/0198c0near"},
		{elsewhere, "0298c0"},
	} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"0198c0link", "0198c0near", "0298c0" + key[6:]} {
		if _, _, err := d.Open(t.Context(), key); recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("Open(%q) gave %v", key, err)
		}
	}
	if _, err := d.Put(t.Context(), "0298c0new", strings.NewReader("x")); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("Put through a link gave %v", err)
	}
	put(t, d, "0198c0link") // takes the place of the link
	if got, err := os.ReadFile(secret); err != nil || string(got) != "secret" {
		t.Errorf("the file elsewhere is %q now (%v)", got, err)
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	dir := t.TempDir()
	newDisk(t, dir)
	old := time.Now().Add(-25 * time.Hour)
	for name, at := range map[string]time.Time{
		"put-" + strings.Repeat("A", 26): old,
		"put-" + strings.Repeat("B", 26): time.Now().Add(-23 * time.Hour),
		"put-somebody-elses":             old,
		"notes.txt":                      old,
	} {
		path := filepath.Join(dir, ".incoming", name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	newDisk(t, dir)
	if left, err := os.ReadDir(filepath.Join(dir, ".incoming")); err != nil || len(left) != 4 {
		t.Errorf("before anything is put there are %v, %v", left, err)
	}
	put(t, newDisk(t, dir), key)
	want := []string{"notes.txt", "put-" + strings.Repeat("B", 26), "put-somebody-elses"}
	var got []string
	left, err := os.ReadDir(filepath.Join(dir, ".incoming"))
	for _, e := range left {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// failures is what every way in says of an archive that is out of order.
func failures(t *testing.T, d *blob.Disk) map[string]string {
	_, putErr := d.Put(t.Context(), key, strings.NewReader(strings.Repeat("x", 1<<20)))
	got := map[string]string{}
	for name, err := range map[string]error{"put": putErr, "check": d.Check(t.Context())} {
		if recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("%s: code of %v", name, err)
		}
		got[name] = recording.Message(err)
	}
	return got
}

func TestFolderIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	d := newDisk(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	const gone = "the folder of the archive is not there"
	if diff := cmp.Diff(map[string]string{"put": gone, "check": gone}, failures(t, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, err := d.Open(t.Context(), key); recording.Message(err) != gone || recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("Open gave %v", err)
	}
}

func TestNotAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := blob.NewDisk(path, ourMark).WriteMark(t.Context(), mark); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("WriteMark gave %v", err)
	}
}

// TestFullAndReadOnly uses a file system of its own of 256 KiB, which only
// root can mount.
func TestFullAndReadOnly(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("left out: a small file system is needed, and mounting it gave %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	d := newDisk(t, dir)
	if _, err := d.Put(t.Context(), key, strings.NewReader(strings.Repeat("x", 1<<20))); recording.Message(err) != "the archive is full" {
		t.Errorf("a full archive says %v", err)
	}
	if err := d.Check(t.Context()); err != nil {
		t.Errorf("what did not fit was left behind: %v", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	const readOnly = "the archive cannot be written (read-only or not permitted)"
	if diff := cmp.Diff(map[string]string{"put": readOnly, "check": readOnly}, failures(t, d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	d := newDisk(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestPipesAreNotWaitedFor: what stands in place of a recording and is not a plain
// file is refused at once.
func TestPipesAreNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	put(t, d, key)
	const pipe = "0198c0pipe"
	if err := syscall.Mkfifo(filepath.Join(dir, "0198c0", pipe), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Open(t.Context(), pipe); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("Open of a pipe gave %v", err)
	}
}

// TestClosedIsClosed: a file that was closed is neither read nor closed again,
// since its number may be another file's by then.
func TestClosedIsClosed(t *testing.T) {
	d := newDisk(t, t.TempDir())
	put(t, d, key)
	f, _, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("Read gave %d, %v", n, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err == nil {
		t.Error("Seek gave no error")
	}
	if err := f.Close(); err == nil {
		t.Error("Close gave no error")
	}
}
