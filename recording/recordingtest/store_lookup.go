package recordingtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"recgate/recording"
)

func listsAreNewestFirst(t *testing.T, s DB) {
	// Four in one millisecond, added in a mixed order, and one that is older
	// although its id is the highest.
	for _, n := range []int{3, 1, 4, 2, 5} {
		r := full(n)
		r.AskedAt = after(0)
		if n == 5 {
			r.AskedAt = after(-1)
		}
		r.Tags, r.UniqueID, r.ChannelEndedAt = []string{"all"}, "1.1", time.Time{}
		addStopped(t, s, r)
	}
	want := []recording.ID{idOf(4), idOf(3), idOf(2), idOf(1), idOf(5)}
	wantTagged(t, s, "all", want...)
	list, err := s.ByUniqueID(t.Context(), "1.1", 10)
	found(t, "by unique id", list, err, want...)
	open, err := s.Open(t.Context(), "pbx1")
	found(t, "open", open, err, want...)

	// A new tag does not make the recording newer.
	if err := s.AddTag(t.Context(), idOf(5), "all", "192.0.2.8", after(99)); err != nil {
		t.Fatal(err)
	}
	wantTagged(t, s, "all", want...)
}

func listsAreWhole(t *testing.T, s DB) {
	const n = 40
	var want []recording.Recording
	for i := range n {
		r := unanswered(n - i)
		r.Tags = append(r.Tags, "all")
		r.UniqueID = "1.1"
		want = append(want, addStopped(t, s, r))
	}
	got, err := s.Open(t.Context(), "pbx1")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "open", want, got)
}

// candidates are the same by tag, by unique id and by that of a party, and
// agree with what Get returns, whatever was written since the start.
func candidates(t *testing.T, s DB) {
	bare, whole, flagged := unset(1), full(2), full(3)
	whole.Private, whole.Deleted = false, false
	var want []recording.Candidate
	for _, r := range []recording.Recording{bare, whole, flagged} {
		r.Tags, r.UniqueID = []string{"all"}, "1.1"
		r.Call.LinkedID = "1.1"
		r.Call.Parties = []recording.Party{{UniqueID: "1.1"}, {UniqueID: "2.2"}}
		addStopped(t, s, r)
		if r.ID == whole.ID {
			step := recording.Step{To: recording.Ready, Reason: because("archived"), At: after(100), Bytes: 1<<40 + 1, Key: "a-key.wav"}
			if err := s.Advance(t.Context(), r.ID, step); err != nil {
				t.Fatal(err)
			}
		}
		want = append([]recording.Candidate{get(t, s, r.ID).Candidate()}, want...)
	}
	if ready := want[1]; ready.State != recording.Ready || ready.Bytes != 1<<40+1 || ready.Key != "a-key.wav" || ready.Reason.String() != "archived" || ready.InProgress() {
		t.Errorf("the candidate does not tell of its step: %+v", ready)
	}
	if !want[0].Private || !want[0].Deleted || want[1].Private || want[1].Deleted {
		t.Errorf("the flags are not told apart: %+v", want)
	}
	if !want[2].InProgress() {
		t.Errorf("a recording of a channel that is up: %+v", want[2])
	}
	for what, look := range map[string]func() ([]recording.Candidate, error){
		"by tag":             func() ([]recording.Candidate, error) { return s.ByTag(t.Context(), "all", 10) },
		"by unique id":       func() ([]recording.Candidate, error) { return s.ByUniqueID(t.Context(), "1.1", 10) },
		"by that of a party": func() ([]recording.Candidate, error) { return s.ByUniqueID(t.Context(), "2.2", 10) },
	} {
		got, err := look()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		equal(t, what, want, got)
	}
}

func limits(t *testing.T, s DB) {
	for n := 1; n <= 5; n++ {
		r := full(n)
		r.Tags, r.UniqueID = []string{"all"}, "1.1"
		r.Call.Parties = []recording.Party{{UniqueID: "2.2"}}
		addStopped(t, s, r)
	}
	all := []recording.ID{idOf(5), idOf(4), idOf(3), idOf(2), idOf(1)}
	for limit, want := range map[int][]recording.ID{-1: nil, 0: nil, 1: all[:1], 3: all[:3], 5: all, 6: all} {
		list, err := s.ByTag(t.Context(), "all", limit)
		found(t, fmt.Sprintf("by tag, at most %d", limit), list, err, want...)
		for _, unique := range []string{"1.1", "2.2"} {
			list, err = s.ByUniqueID(t.Context(), unique, limit)
			found(t, fmt.Sprintf("by unique id %s, at most %d", unique, limit), list, err, want...)
		}
	}
}

func byUniqueID(t *testing.T, s DB) {
	own, other, joined := full(1), full(2), full(3)
	own.Call.Parties = []recording.Party{{UniqueID: own.UniqueID}, {UniqueID: "7.7"}}
	other.PBX, other.Call.PBX, other.UniqueID = "pbx2", "pbx2", own.UniqueID // ids repeat across PBXs
	joined.Call.LinkedID = own.Call.LinkedID
	joined.Call.Parties = []recording.Party{{UniqueID: joined.UniqueID}}
	for _, r := range []recording.Recording{own, other, joined} {
		add(t, s, r)
	}
	for unique, want := range map[string][]recording.ID{
		own.UniqueID:       {other.ID, own.ID}, // not joined, though own's channel took part in its call
		joined.UniqueID:    {joined.ID},
		"7.7":              {joined.ID, own.ID}, // nobody's own: all recordings of its call
		"7.70":             nil,
		"":                 nil,
		own.UniqueID + " ": nil,
	} {
		list, err := s.ByUniqueID(t.Context(), unique, 10)
		found(t, fmt.Sprintf("by unique id %q", unique), list, err, want...)
	}
}

func openRecordings(t *testing.T, s DB) {
	paths := [][]recording.State{
		{},
		{recording.Running},
		{recording.Collecting},
		{recording.Collecting, recording.Ready},
		{recording.Collecting, recording.Empty},
		{recording.Failed},
		{recording.Lost},
	}
	var want []recording.ID
	n := 0
	for _, path := range paths {
		for _, ended := range []bool{false, true} {
			n++
			r := unanswered(n)
			if ended {
				r.ChannelEndedAt = after(99)
			}
			add(t, s, r)
			advance(t, s, r.ID, path...)
			if final := len(path) > 0 && path[len(path)-1].Final(); !final || !ended {
				want = append([]recording.ID{r.ID}, want...)
			}
		}
	}
	elsewhere := unanswered(n + 1)
	elsewhere.PBX, elsewhere.UniqueID = "pbx2", unanswered(1).UniqueID
	add(t, s, elsewhere)

	list, err := s.Open(t.Context(), "pbx1")
	found(t, "open of the PBX", list, err, want...)
	for i := range n { // of each path one whose channel lives, and one whose channel hung up
		r := unanswered(i + 1)
		list, err = s.OnChannel(t.Context(), "pbx1", r.UniqueID)
		if path := paths[i/2]; len(path) == 0 || !path[len(path)-1].Final() {
			found(t, fmt.Sprintf("on the channel of %v", paths[i/2]), list, err, r.ID)
		} else {
			found(t, fmt.Sprintf("on the channel of %v", paths[i/2]), list, err)
		}
	}
	list, err = s.OnChannel(t.Context(), "pbx2", elsewhere.UniqueID)
	found(t, "on the channel of the other PBX", list, err, elsewhere.ID)
	list, err = s.OnChannel(t.Context(), "pbx1", "")
	found(t, "on no channel", list, err)
	list, err = s.Open(t.Context(), "pbx2")
	found(t, "open of the other PBX", list, err, elsewhere.ID)
	list, err = s.Open(t.Context(), "PBX1")
	found(t, "open of no PBX", list, err)
}

func sums(t *testing.T, s DB) {
	paths := [][]recording.State{
		{recording.Lost},
		{recording.Failed},
		{},
		{},
		{recording.Running},
		{recording.Collecting, recording.Ready},
		{recording.Collecting, recording.Ready},
	}
	for i, path := range paths {
		r := unset(i + 1)
		r.Reason = because("asked")
		add(t, s, r)
		advance(t, s, r.ID, path...)
	}
	odd := unset(3)
	odd.ID, odd.Call, odd.UniqueID, odd.Reason = idOf(50), unset(50).Call, unset(50).UniqueID, because("Asked")
	add(t, s, odd)
	for n, at := range map[int]time.Time{60: after(0), 61: after(8)} { // just outside
		r := unset(n)
		r.AskedAt = at
		add(t, s, r)
	}
	got, err := s.Sums(t.Context(), after(1), after(8))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "sums", []recording.Sum{
		{State: recording.Starting, Reason: because("Asked"), Count: 1},
		{State: recording.Starting, Reason: because("asked"), Count: 2},
		{State: recording.Running, Reason: because("because of recording"), Count: 1},
		{State: recording.Ready, Reason: because("because of ready"), Count: 2},
		{State: recording.Failed, Reason: because("because of failed"), Count: 1},
		{State: recording.Lost, Reason: because("because of lost"), Count: 1},
	}, got)
	if got, err = s.Sums(t.Context(), after(500), after(600)); err != nil || len(got) != 0 {
		t.Errorf("sums of an empty time: %v, %v", got, err)
	}
}

// writeLog writes lines into the access log and returns what was kept of them,
// in the same order; nil when the store cannot tell.
func writeLog(t *testing.T, s DB, lines []recording.Access) []recording.Access {
	t.Helper()
	for _, a := range lines {
		if err := s.LogAccess(t.Context(), a); err != nil {
			t.Errorf("log %q: %v", a.Key, err)
		}
	}
	if s.log == nil {
		return nil
	}
	got, err := s.log.Accesses(t.Context(), len(lines))
	if err != nil || len(got) != len(lines) {
		t.Fatalf("read the access log: %d lines, %v", len(got), err)
	}
	slices.Reverse(got)
	return got
}

func accessLog(t *testing.T, s DB) {
	var lines []recording.Access
	for i, tag := range tags() {
		lines = append(lines, recording.Access{
			At: after(-i), Method: "retrieve", Key: tag, Username: tag, Remote: "192.0.2.1:5000", APIKey: "crm",
			Recording: idOf(i), Outcome: "ok",
		})
	}
	lines = append(lines, recording.Access{At: base, Method: "retrieveByUniqueId", Key: "1.1", Outcome: strings.Repeat("no such é ", 50)}, lines[0])
	if got := writeLog(t, s, lines); got != nil {
		equal(t, "access log", lines, got)
	}
}

func hostileAccessLog(t *testing.T, s DB) {
	var lines, want []recording.Access
	for _, tt := range []struct{ text, kept, outcome string }{
		{"nul \x00", `nul \x00`, `nul \x00`},
		{"latin-1 \xe9", `latin-1 \xe9`, `latin-1 \xe9`},
		{"\xff\xfe", `\xff\xfe`, `\xff\xfe`},
		{"line\r\nbreak", `line\r\nbreak`, `line\r\nbreak`},
		{"half \xf0\x9f", `half \xf0\x9f`, `half \xf0\x9f`},
		{"\x1b[2J", `\x1b[2J`, `\x1b[2J`},
		{"'; DROP TABLE recordings; --", "'; DROP TABLE recordings; --", "'; DROP TABLE recordings; --"},
		{strings.Repeat("x", 10000), strings.Repeat("x", 255), strings.Repeat("x", 4000)},
		{strings.Repeat("😀", 256), strings.Repeat("😀", 255), strings.Repeat("😀", 256)},
		{strings.Repeat("\x00", 3000), strings.Repeat(`\x00`, 63) + `\x0`, strings.Repeat(`\x00`, 1000)},
		{strings.Repeat("\xff", 254) + `\'`, strings.Repeat(`\xff`, 63) + `\xf`, strings.Repeat(`\xff`, 254) + `\\'`},
	} {
		lines = append(lines, recording.Access{At: base, Method: tt.text, Key: tt.text, Username: tt.text, Remote: tt.text, Outcome: tt.text})
		want = append(want, recording.Access{At: base, Method: tt.kept, Key: tt.kept, Username: tt.kept, Remote: tt.kept, Outcome: tt.outcome})
	}
	if got := writeLog(t, s, lines); got != nil {
		equal(t, "access log", want, got)
	}
}
