package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"recgate/recording"
	"recgate/store"
)

// TestQueriesBeforeMigrate asks before there are tables: what could not be
// made ready then is not an obstacle afterwards.
func TestQueriesBeforeMigrate(t *testing.T) {
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "recgate.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 3 {
		if err := db.AddTag(t.Context(), "none", "22", "192.0.2.8", time.UnixMilli(1)); err == nil {
			t.Fatal("a tag was added to a table that is not there")
		}
		if _, err := db.ByTag(t.Context(), "22", 1); err == nil {
			t.Fatal("a table that is not there was read")
		}
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		err := db.AddTag(t.Context(), "none", "22", "192.0.2.8", time.UnixMilli(1))
		if e := new(recording.Error); !errors.As(err, &e) || e.Code != recording.NotFound {
			t.Errorf("AddTag = %v, want not found", err)
		}
		if list, err := db.ByTag(t.Context(), "22", 1); err != nil || len(list) != 0 {
			t.Errorf("ByTag = %v, %v; want none", list, err)
		}
	}
}
