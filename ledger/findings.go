package ledger

import (
	"context"
	"log/slog"
	"sync"

	"recgate/recording"
)

// findings are what was found by the last looks, so that each is said once. The
// zero value is ready.
type findings struct {
	mu sync.Mutex                     // guards at
	at map[string][]recording.Finding // by the place that was looked at
}

// set replaces what is known of a place, and returns what is new.
func (f *findings) set(place string, found []recording.Finding) (fresh []recording.Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := map[recording.Finding]bool{}
	for _, known := range f.at[place] {
		before[known] = true
	}
	for _, finding := range found {
		if !before[finding] {
			fresh = append(fresh, finding)
		}
	}
	if f.at == nil {
		f.at = map[string][]recording.Finding{}
	}
	f.at[place] = found
	return fresh
}

// Known returns what was found out about a file at the last look at a place.
func (l *Ledger) Known(place, name string) (f recording.Finding, known bool) {
	l.findings.mu.Lock()
	defer l.findings.mu.Unlock()
	for _, f := range l.findings.at[place] {
		if f.Name == name {
			return f, true
		}
	}
	return f, false
}

// Orphans are what was found at the last looks that does not add up.
type Orphans struct {
	Spool   int // files in spools that no row explains
	Archive int // files in the archive that no row explains
	Missing int // recordings that are ready and not in the archive as they should be
}

// Orphans counts what was found at the last looks, which are made each minute
// at all spools and at the recent part of the archive, for metrics.
func (l *Ledger) Orphans() (n Orphans) {
	l.findings.mu.Lock()
	defer l.findings.mu.Unlock()
	for _, found := range l.findings.at {
		for _, f := range found {
			switch {
			case f.Name == "":
			case f.Place == recording.InArchive:
				n.Archive++
			case f.Place == recording.InRecords:
				n.Missing++
			default:
				n.Spool++
			}
		}
	}
	return n
}

// Report keeps what a look at a place has found, and says what is new.
func (l *Ledger) Report(ctx context.Context, place string, found []recording.Finding) {
	for _, f := range l.findings.set(place, found) {
		l.Log.WarnContext(ctx, "something does not add up", slog.String("place", f.Place), slog.String("name", f.Name),
			slog.String("reason", f.What), slog.String("do", f.Do))
	}
}
