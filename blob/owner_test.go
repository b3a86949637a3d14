//go:build full

package blob_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"recgate/blob"
)

// An archive that root makes belongs to the user in whose folder it is.
func TestArchiveOfRootIsGivenAway(t *testing.T) {
	above := t.TempDir()
	if err := os.Chown(above, 65534, 65534); err != nil {
		t.Fatalf("only root can give files away, and the test is to run as root: %v", err)
	}
	dir := filepath.Join(above, "upper", "archive")
	if err := blob.NewDisk(dir, ourMark).WriteMark(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"..", ".", ".incoming", ".recgate-archive"} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65534 || owner.Gid != 65534 {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
	}
}
