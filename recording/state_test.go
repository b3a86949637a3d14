package recording_test

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"recgate/recording"
)

func TestStates(t *testing.T) {
	allowed := map[[2]recording.State]bool{
		{recording.Starting, recording.Running}: true, {recording.Starting, recording.Collecting}: true,
		{recording.Starting, recording.Failed}: true, {recording.Starting, recording.Lost}: true,
		{recording.Running, recording.Collecting}: true, {recording.Running, recording.Failed}: true, {recording.Running, recording.Lost}: true,
		{recording.Collecting, recording.Ready}: true, {recording.Collecting, recording.Empty}: true,
		{recording.Collecting, recording.Failed}: true, {recording.Collecting, recording.Lost}: true,
	}
	final := map[recording.State]bool{recording.Ready: true, recording.Empty: true, recording.Failed: true, recording.Lost: true}
	for _, from := range recording.States() {
		if from.Final() != final[from] {
			t.Errorf("%s.Final() = %v", from, from.Final())
		}
		for _, to := range recording.States() {
			if from.May(to) != allowed[[2]recording.State{from, to}] {
				t.Errorf("%s.May(%s) = %v", from, to, from.May(to))
			}
		}
	}
}

func TestNewID(t *testing.T) {
	at := time.UnixMilli(0x0192f0c1a2b3)
	id, err := recording.NewID(at, bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if want := recording.ID("0192f0c1-a2b3-7fff-bfff-ffffffffffff"); id != want {
		t.Errorf("NewID = %s, want %s", id, want)
	}
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id.Hex()) {
		t.Errorf("Hex = %q", id.Hex())
	}
	for _, form := range []string{string(id), id.Hex(), "0192F0C1-A2B3-7FFF-BFFF-FFFFFFFFFFFF"} {
		if got, err := recording.ParseID(form); got != id || err != nil {
			t.Errorf("ParseID(%q) = %q, %v", form, got, err)
		}
	}
	for _, wrong := range []string{"", "../../etc", "0192f0c1", id.Hex() + "0", "zz92f0c1a2b37fffbfffffffffffffff"} {
		if got, err := recording.ParseID(wrong); recording.CodeOf(err) != recording.Invalid {
			t.Errorf("ParseID(%q) = %q, %v; want Invalid", wrong, got, err)
		}
	}
	if _, err := recording.NewID(at, bytes.NewReader(nil)); err == nil {
		t.Error("NewID without chance succeeds")
	}
}
