package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"recgate/recording"
	"recgate/spool"
)

// The keys of the archive begin as the ids do: 24 bits of the time, which
// change every 4.7 hours.
const (
	prefixLength = 6
	prefixSpan   = 1 << 24 * time.Millisecond
)

// prefixOf is how the ids of a time begin.
func prefixOf(at time.Time) string { return fmt.Sprintf("%012x", at.UnixMilli())[:prefixLength] }

// archiveUnexplained compares the rows of a period, which is no longer than
// prefixSpan, with what the archive holds. With sizes each recording is opened;
// else its name in a list will do, which costs less.
func (l *Ledger) archiveUnexplained(ctx context.Context, from, to time.Time, sizes bool) ([]recording.Finding, error) {
	entries, err := l.Rows.Entries(ctx, from, to)
	if err != nil {
		return nil, err
	}
	explained, held := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		explained[e.Key], explained[e.SourceKey] = true, true
	}
	prefixes := []string{prefixOf(from)}
	if last := prefixOf(to.Add(-time.Millisecond)); last != prefixes[0] {
		prefixes = append(prefixes, last)
	}
	var found []recording.Finding
	for _, prefix := range prefixes {
		more, err := l.archiveOrphans(ctx, prefix, func(key string) bool {
			held[key] = !sizes
			return explained[key] || !within(key, from, to)
		})
		if err != nil {
			return []recording.Finding{archiveAway(err)}, ctx.Err()
		}
		found = append(found, more...)
	}
	rows := l.badRows(ctx, slices.DeleteFunc(entries, func(e recording.Entry) bool { return e.Reason != recording.Reason{} && held[e.Key] }))
	return append(rows, found...), ctx.Err()
}

// archiveAway is what is said of an archive that cannot be looked through.
func archiveAway(err error) recording.Finding {
	return recording.Finding{
		Place: recording.InArchive, What: "it cannot be read: " + recording.Message(err),
		Do: "repair the archive: /readyz and recgate check say what is wrong with it",
	}
}

// within reports whether the time in a key lies in [from, to). A key without a
// time does.
func within(key string, from, to time.Time) bool {
	ms, err := strconv.ParseInt(key[:min(12, len(key))], 16, 64)
	return err != nil || (ms >= from.UnixMilli() && ms < to.UnixMilli())
}

// archiveOrphans lists what the archive holds under a prefix and neither
// explained nor a row accounts for.
func (l *Ledger) archiveOrphans(ctx context.Context, prefix string, explained func(key string) bool) ([]recording.Finding, error) {
	var found []recording.Finding
	err := l.Archive.List(ctx, prefix, func(key string) error {
		if explained(key) {
			return nil
		}
		rec, what, err := l.owners.Of(ctx, key)
		f := recording.Finding{Place: recording.InArchive, Name: key, What: what, Do: spool.KeepIt}
		if err == nil && what == "" && rec.State.Final() && key != rec.Key && key != rec.SourceKey {
			f.What = fmt.Sprintf("its recording is %s: %s", rec.State, rec.Reason)
			f.Do = "keep it and listen to it: recgate explain shows the history of its recording"
		}
		if f.What != "" {
			found = append(found, f)
		}
		return err
	})
	return found, err
}

// lookers look at the archive at the same time: each waits for an answer.
const lookers = 8

// badRows finds the final rows without a reason, and those that are ready
// although the archive does not hold them as they say.
func (l *Ledger) badRows(ctx context.Context, entries []recording.Entry) []recording.Finding {
	var found []recording.Finding
	var mu sync.Mutex // guards found
	var wg sync.WaitGroup
	next := make(chan recording.Entry)
	for range lookers {
		wg.Go(func() {
			for e := range next {
				if f := l.badRow(ctx, e); f.What != "" {
					f.Place, f.Name = recording.InRecords, string(e.ID)
					mu.Lock()
					found = append(found, f)
					mu.Unlock()
				}
			}
		})
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			break
		}
		next <- e
	}
	close(next)
	wg.Wait()
	return found
}

// badRow says what is wrong with a final row, or nothing.
func (l *Ledger) badRow(ctx context.Context, e recording.Entry) recording.Finding {
	switch {
	case !e.State.Final():
		return recording.Finding{}
	case e.Reason == recording.Reason{}:
		return recording.Finding{What: fmt.Sprintf("it is %s without a reason", e.State), Do: "recgate explain shows its history; report this"}
	case e.State != recording.Ready:
		return recording.Finding{}
	}
	body, size, err := l.Archive.Open(ctx, e.Key)
	switch {
	case recording.CodeOf(err) == recording.NotFound:
		return recording.Finding{What: "it is ready, but the archive does not have " + e.Key, Do: "restore that file from the backup of the archive"}
	case err != nil:
		return recording.Finding{What: "it is ready, but the archive does not return it: " + recording.Message(err), Do: "repair the archive: /readyz and recgate check say what is wrong with it"}
	}
	if err := body.Close(); err != nil {
		return recording.Finding{What: "it is ready, but the archive does not return it", Do: "repair the archive: " + err.Error()}
	}
	if size != e.Bytes {
		return recording.Finding{
			What: fmt.Sprintf("it is ready with %d bytes, but the archive has %d under %s", e.Bytes, size, e.Key),
			Do:   "restore that file from the backup of the archive",
		}
	}
	return recording.Finding{}
}

// archiveFolders returns when the spans begin of which the archive holds
// something, the first one first.
func (l *Ledger) archiveFolders(ctx context.Context) ([]time.Time, error) {
	names, err := l.Archive.Folders(ctx)
	var spans []time.Time
	for _, name := range names {
		if n, err := strconv.ParseInt(name, 16, 64); err == nil && len(name) == prefixLength {
			spans = append(spans, time.UnixMilli(n*prefixSpan.Milliseconds()).UTC())
		}
	}
	slices.SortFunc(spans, time.Time.Compare)
	return spans, err
}

// nextToLookAt returns the first time from at on of which there may be
// something in the rows or in the archive, whose spans with something in them
// are given; the zero time when there is none.
func (l *Ledger) nextToLookAt(ctx context.Context, at time.Time, archive []time.Time) (time.Time, error) {
	next, err := l.Rows.FirstAsked(ctx, at)
	if err != nil {
		return next, err
	}
	i, _ := slices.BinarySearchFunc(archive, at.Add(-prefixSpan), func(span, before time.Time) int {
		if span.After(before) { // it ends behind at
			return 1
		}
		return -1
	})
	if i == len(archive) {
		return next, nil
	}
	held := archive[i]
	if held.Before(at) {
		held = at
	}
	if next.IsZero() || held.Before(next) {
		next = held
	}
	return next, nil
}

// spanOf returns when the span of a time begins.
func spanOf(at time.Time) time.Time {
	return time.UnixMilli(at.UnixMilli() &^ (prefixSpan.Milliseconds() - 1)).UTC()
}
