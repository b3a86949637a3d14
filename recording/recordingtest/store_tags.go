package recordingtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"recgate/internal/await"
	"recgate/recording"
)

// tags are texts that callers do send.
func tags() []string {
	return []string{
		"22", "O'Brien, 22 <é>", `back\slash "quoted" %_`, "😀 call", "日本語",
		strings.Repeat("\U0001F600", 255), strings.Repeat("x", 255), "0", "NULL", "?", "--", ";", "a\u00a0b",
	}
}

func tagsAreFoundAsSent(t *testing.T, s DB) {
	for i, tag := range tags() {
		byAdd, byAddTag := full(2*i+1), full(2*i+2)
		byAdd.Tags = []string{tag}
		add(t, s, byAdd)
		add(t, s, byAddTag)
		if err := s.AddTag(t.Context(), byAddTag.ID, tag, "192.0.2.8", base); err != nil {
			t.Fatalf("add tag %q: %v", tag, err)
		}
		wantTagged(t, s, tag, byAddTag.ID, byAdd.ID)
		equal(t, "tag", tag, get(t, s, byAdd.ID).Tag())
		equal(t, "added tag", tag, get(t, s, byAddTag.ID).Tag())
	}
	for _, tag := range []string{"", "2", "222", "%", "call", "older-_"} {
		wantTagged(t, s, tag)
	}
}

func similarTagsAreDifferent(t *testing.T, s DB) {
	similar := []string{
		"Ab", "aB", "ab", "AB", "Ab ", "Ab  ", " Ab", "Ab\t", "éa", "ea", "e\u0301a", "Éa",
		"ß", "ss", "straße", "strasse", "I", "ı", "i", "1", "01", "1.0", "１", "😀", "😁",
		strings.Repeat("😀", 254), strings.Repeat("😀", 255), strings.Repeat("😀", 254) + "😁",
	}
	for i, tag := range similar {
		r := unset(i + 1)
		r.Tags = []string{tag}
		add(t, s, r)
	}
	for i, tag := range similar {
		wantTagged(t, s, tag, idOf(i+1))
	}
	// One recording carries them all.
	r := unset(100)
	r.Tags = similar
	add(t, s, r)
	equal(t, "tags of one", similar, get(t, s, r.ID).Tags)
}

func newestTagIsLast(t *testing.T, s DB) {
	r := add(t, s, full(1))
	// The order is that of the calls: clocks are put back.
	for i, tag := range []string{"c", "a", "b"} {
		if err := s.AddTag(t.Context(), r.ID, tag, "192.0.2.8", after(-i)); err != nil {
			t.Fatal(err)
		}
	}
	got := get(t, s, r.ID)
	equal(t, "tags", []string{"older-1", "newer-1", "c", "a", "b"}, got.Tags)
	equal(t, "newest", "b", got.Tag())
	for _, tag := range got.Tags {
		wantTagged(t, s, tag, r.ID)
	}
}

func tagIsCarriedOnce(t *testing.T, s DB) {
	r := full(1)
	r.Tags = []string{"a", "b", "a", "c"}
	add(t, s, r)
	equal(t, "tags", []string{"b", "a", "c"}, get(t, s, r.ID).Tags)
	for _, tag := range []string{"b", "c", "c"} {
		if err := s.AddTag(t.Context(), r.ID, tag, "192.0.2.8", after(9)); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "tags", []string{"a", "b", "c"}, get(t, s, r.ID).Tags)
	wantTagged(t, s, "c", r.ID)
}

func simultaneousTags(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	var want []string
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		tag := fmt.Sprintf("tag-%02d", i)
		want = append(want, tag)
		wg.Go(func() { errs[i] = s.AddTag(t.Context(), r.ID, tag, "192.0.2.8", after(i)) })
	}
	await.Return(t, "all writers to return", wg.Wait)
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	got := get(t, s, r.ID).Tags
	slices.Sort(got)
	equal(t, "tags", want, got)
	wantTagged(t, s, recording.Recording{Tags: got}.Tag(), r.ID)
}
