//go:build full

package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"recgate/recording"
	"recgate/store"
)

// What root makes belongs to the owner of the folder: serve is another user's.
func TestFilesOfRootAreGivenAway(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatalf("only root can give files away, and the test is to run as root: %v", err)
	}
	db := open(t, "sqlite:"+filepath.Join(dir, "recgate.db"), store.Options{})
	release, err := db.ServeAlone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AddTag(t.Context(), "none", "x", "", time.Now()); recording.CodeOf(err) != recording.NotFound {
		t.Fatal(err)
	}
	all, err := os.ReadDir(dir)
	if err != nil || len(all) != 6 { // the file, -wal, -shm, two locks, and the journal of the one that is held
		t.Errorf("there are %v, %v", all, err)
	}
	for _, e := range all {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65534 {
			t.Errorf("%s belongs to %d", e.Name(), owner.Uid)
		}
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}
