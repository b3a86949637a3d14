package recordingtest_test

import (
	"testing"
	"time"

	"recgate/recording"
	"recgate/recording/recordingtest"
)

func TestMemoryStore(t *testing.T) {
	recordingtest.TestStore(t, func(*testing.T) recordingtest.DB { return recordingtest.Of(recordingtest.NewStore()) })
	recordingtest.TestMarkStore(t, func(*testing.T) recordingtest.MarkedDB { return recordingtest.MarkedStore() })
}

func TestMemoryStores(t *testing.T) {
	recordingtest.TestStores(t, func(*testing.T) [2]recordingtest.DB {
		s := recordingtest.Of(recordingtest.NewStore())
		return [2]recordingtest.DB{s, s}
	})
}

func TestBreak(t *testing.T) {
	s := recordingtest.NewStore()
	add := func(id recording.ID) error {
		return s.Add(t.Context(), recording.Recording{ID: id, Call: recording.Call{ID: string(id)}})
	}
	s.Break("Add")
	if err := add("1"); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("add to a broken store: %v", err)
	}
	if err := s.LogAccess(t.Context(), recording.Access{At: time.UnixMilli(1)}); err != nil {
		t.Errorf("another method is broken too: %v", err)
	}
	s.Break()
	if _, err := s.Get(t.Context(), "1"); recording.CodeOf(err) != recording.Unavailable {
		t.Errorf("get from a broken store: %v", err)
	}
	s.Repair()
	if err := add("1"); err != nil {
		t.Errorf("add after repairing: %v", err)
	}
}
