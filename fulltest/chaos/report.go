package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report says in words what a run did and found.
type Report struct {
	Seed       uint64
	Took       time.Duration
	Planned    int                       // calls
	Made       int                       // calls
	Asks       map[string]map[string]int // method, then answer
	Faults     map[Kind]int
	Ledger     map[string]int // state and reason
	Promised   int            // starts answered with success
	Owed       int            // of them, those whose call talked on
	Audio      int            // recordings whose sound was compared
	Kept       int            // spool files that are not sound, kept for people
	Retrieved  int            // recordings that were fetched once more at the end
	Lives      int            // processes of recgate
	Settled    time.Duration  // from the end of the calls until nothing was under way
	Slowest    time.Duration  // answer
	Vitals     string
	Printed    string // what recgate ledger says
	Violations []string
}

func (r *run) addViolation(format string, args ...any) {
	r.report.Violations = append(r.report.Violations, fmt.Sprintf(format, args...))
}

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d of %d planned calls were made in %s, with %d processes of recgate.\n", r.Seed, r.Made, r.Planned, r.Took.Round(time.Second), r.Lives)
	for _, method := range slices.Sorted(maps.Keys(r.Asks)) {
		fmt.Fprintf(&b, "  %s was asked for", method)
		for i, answer := range slices.Sorted(maps.Keys(r.Asks[method])) {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, " %d times (%s)", r.Asks[method][answer], answer)
		}
		b.WriteString("\n")
	}
	b.WriteString("  Faults:")
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(&b, " %s %d;", kind, r.Faults[kind])
		total += r.Faults[kind]
	}
	fmt.Fprintf(&b, " %d in all.\n  The ledger:\n", total)
	sum := 0
	for _, line := range slices.Sorted(maps.Keys(r.Ledger)) {
		fmt.Fprintf(&b, "    %4d %s\n", r.Ledger[line], line)
		sum += r.Ledger[line]
	}
	fmt.Fprintf(&b, "    %4d recordings, 0 of them may be under way\n", sum)
	fmt.Fprintf(&b, "  %d starts were promised, %d of their calls talked on for 1 s or more; the sound of %d recordings was compared, %d were fetched; %d spool files of lost recordings are kept.\n", r.Promised, r.Owed, r.Audio, r.Retrieved, r.Kept)
	fmt.Fprintf(&b, "  Settled %s after the last call; slowest answer %s; %s.\n", r.Settled.Round(time.Millisecond), r.Slowest.Round(time.Millisecond), r.Vitals)
	if r.Printed != "" {
		fmt.Fprintf(&b, "  recgate ledger says:\n    %s\n", strings.ReplaceAll(strings.TrimSpace(r.Printed), "\n", "\n    "))
	}
	fmt.Fprintf(&b, "  %d unexplained.\n", len(r.Violations))
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "UNEXPLAINED: %s\n", strings.TrimRight(v, "\n"))
	}
	return b.String()
}
