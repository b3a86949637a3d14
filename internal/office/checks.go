package office

import (
	"strings"
	"testing"
	"time"

	"recgate/ledger"
	"recgate/recording"
)

// WantRefusal checks that an error has a code and a message that holds the words.
func WantRefusal(t testing.TB, err error, code recording.Code, words string) {
	t.Helper()
	if recording.CodeOf(err) != code || !strings.Contains(recording.Message(err), words) {
		t.Errorf("error %v (code %d), want code %d and %q", err, recording.CodeOf(err), code, words)
	}
}

// RunCase runs one case of a table inside a bubble, where there are no subtests,
// and names it when it fails.
func RunCase(t *testing.T, name string, check func()) {
	t.Helper()
	before := t.Failed()
	check()
	if t.Failed() && !before {
		t.Errorf("the first to fail is the case %q", name)
	}
}

// Accesses returns the access log, the newest line first.
func (of *Office) Accesses(t *testing.T) []recording.Access {
	t.Helper()
	log, err := of.Store.Accesses(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// InSpool returns the names of the files in the spool of pbx1.
func (of *Office) InSpool(t *testing.T) []string {
	t.Helper()
	names, err := of.PBX.Spool().Names()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Story is the timeline of a recording, without its times, of which none may
// lie before the one above it.
func (of *Office) Story(t *testing.T, id recording.ID) []string {
	t.Helper()
	rec, err := of.Store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	past, err := of.Store.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	retrieved, err := of.Store.AccessesOf(t.Context(), id, 10)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	var last time.Time
	for _, line := range ledger.Timeline(rec, past, retrieved) {
		if line.At.Before(last) {
			t.Errorf("%v %s: told behind %v", line.At, line.What, last)
		}
		lines, last = append(lines, line.What), line.At
	}
	return lines
}

// UnexplainedBetween collects what is unexplained in a period.
func (of *Office) UnexplainedBetween(t *testing.T, from, to time.Time) (found []recording.Finding, err error) {
	t.Helper()
	err = of.Unexplained(t.Context(), from, to, func(f recording.Finding) { found = append(found, f) }, nil)
	return found, err
}

// WantUnexplained checks that what is unexplained within some hours is at these places
// and has these words, in order; nothing, when there are none.
func (of *Office) WantUnexplained(t *testing.T, but ...[2]string) {
	t.Helper()
	now := time.Now()
	found, err := of.UnexplainedBetween(t, now.Add(-12*time.Hour), now.Add(12*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(but) {
		t.Errorf("found %+v, want %d", found, len(but))
		return
	}
	for i, f := range found {
		if f.Place != but[i][0] || !strings.Contains(f.What, but[i][1]) || f.Do == "" {
			t.Errorf("found %+v, want %q and %q", f, but[i][0], but[i][1])
		}
	}
}

// Zeros is a source of randomness that returns only zeros.
type Zeros struct{}

// Read leaves p as it is.
func (Zeros) Read(p []byte) (int, error) { return len(p), nil }
