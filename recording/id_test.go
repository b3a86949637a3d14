package recording_test

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"recgate/recording"
)

// FuzzParseID: what passes is the canonical form, and its digits are all that
// a file name is made of.
func FuzzParseID(f *testing.F) {
	for _, id := range []string{"0198c0de-0000-7000-8000-000000000001", "0198C0DE000070008000000000000001", "----", "../", "0198c0de00007000800000000000000g"} {
		f.Add(id)
	}
	canonical := regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)
	f.Fuzz(func(t *testing.T, text string) {
		id, err := recording.ParseID(text)
		if err != nil {
			return
		}
		again, err := recording.ParseID(id.Hex())
		if !canonical.MatchString(string(id)) || len(id.Hex()) != 32 || again != id || err != nil {
			t.Errorf("ParseID(%q) = %q, %q again (%v)", text, id, again, err)
		}
	})
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
