//go:build full

package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"recgate/recording"
	"recgate/store"
)

// TestTrialOnAFullDisk uses a file system of its own: a trial meets what a start would, and the next one when there is room.
func TestTrialOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatalf("a small file system is needed, and mounting it gave %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	db := open(t, "sqlite:"+filepath.Join(dir, "recgate.db"), store.Options{})
	rest := filepath.Join(dir, "rest")
	f, err := os.Create(rest)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ { // what is left of the WAL takes some
		try, start := db.TryStart(t.Context()), db.Add(t.Context(), start(n))
		if try != nil && recording.Message(try) != "the disk of the database is full" {
			t.Fatal(try)
		}
		if start != nil { // a trial meets it no later than the next start
			if err := db.TryStart(t.Context()); recording.Message(err) != "the disk of the database is full" {
				t.Errorf("a start meets %v, a trial %v", start, err)
			}
			break
		}
		if n > 2000 {
			t.Fatal("the disk does not become full")
		}
	}
	if err := errors.Join(os.Remove(rest), db.TryStart(t.Context())); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
