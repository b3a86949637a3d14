package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"recgate/store"
)

// Reads go on while another file lies in the place of the one of the newest rows,
// and after that: no connection has taken the other one.
func TestReadsWhileTheWALIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recgate.db")
	db := open(t, "sqlite:"+path, store.Options{})
	if err := db.Add(t.Context(), start(1)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"-wal", path+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := readAtOnce(t, db, 20); err != nil { // by connections that have the right one
		t.Errorf("while it is replaced: %v", err)
	}
	if err := os.Rename(path+"-away", path+"-wal"); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := readAtOnce(t, db, 20); err != nil {
			t.Fatalf("once it is back: %v", err)
		}
	}
}

// readAtOnce reads one recording so many times at once, and returns an error of
// one of them.
func readAtOnce(t *testing.T, db *store.DB, times int) error {
	t.Helper()
	var group errgroup.Group
	for range times {
		group.Go(func() error {
			_, err := db.Get(t.Context(), start(1).ID)
			return err
		})
	}
	return group.Wait()
}
