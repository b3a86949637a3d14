package recordingtest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/recording"
	"recgate/recording/recordingtest"
)

func TestMemoryBlobs(t *testing.T) {
	recordingtest.TestBlobs(t, func(*testing.T) recording.Blobs { return recordingtest.NewBlobs() })
}

func TestMemoryMarkedBlobs(t *testing.T) {
	recordingtest.TestMarkedBlobs(t, func(_ *testing.T, known func(context.Context) (string, error)) recordingtest.MarkedBlobs {
		b := recordingtest.NewBlobs()
		b.Guard(known)
		return recordingtest.MarkedOf(b)
	})
}

func TestBreakBlobs(t *testing.T) {
	b, full := recordingtest.NewBlobs(), errors.New("full")
	b.Break(full)
	if _, err := b.Put(t.Context(), "k", strings.NewReader("x")); !errors.Is(err, full) {
		t.Errorf("put into a broken archive: %v", err)
	}
	b.Break(nil)
	if _, err := b.Put(t.Context(), "k", strings.NewReader("x")); err != nil {
		t.Errorf("put after repairing: %v", err)
	}
	if diff := cmp.Diff([]string{"k"}, b.Keys()); diff != "" || string(b.Bytes("k")) != "x" {
		t.Errorf("%s%q", diff, b.Bytes("k"))
	}
}
