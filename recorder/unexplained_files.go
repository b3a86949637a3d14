package recorder

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"recgate/recording"
)

// spoolUnexplained finds the files of a spool that no row explains. What is
// left of settled recordings is looked after each minute by a Service that
// runs, so it has two.
func (s *Service) spoolUnexplained(ctx context.Context, p recording.PBX) ([]recording.Finding, error) {
	names, err := p.Spool.Names()
	if err != nil {
		return []recording.Finding{spoolAway(p, err)}, nil
	}
	var found []recording.Finding
	for _, name := range names {
		f, err := s.whySpooled(ctx, p, name)
		if err != nil {
			return nil, err
		}
		if f.What != "" {
			f.Place, f.Name = recording.InSpool(p.Name), name
			found = append(found, f)
		}
	}
	return found, nil
}

// spoolAway is what is said of a spool that cannot be looked through.
func spoolAway(p recording.PBX, err error) recording.Finding {
	return recording.Finding{
		Place: recording.InSpool(p.Name), What: "it cannot be read: " + recording.Message(err),
		Do: "run this where the spool is mounted, as the user that recgate runs as",
	}
}

// whySpooled says what is wrong with a file of a spool, or nothing.
func (s *Service) whySpooled(ctx context.Context, p recording.PBX, name string) (recording.Finding, error) {
	rec, left, f, err := s.judge(ctx, p, name)
	if !left || rec.Reason.Unusable() {
		return f, err
	}
	past, err := s.store.History(ctx, rec.ID)
	if err != nil || s.o.Now().Sub(past[len(past)-1].At) <= 2*settledWithin {
		return f, err
	}
	if open := s.stillOpen(ctx, p, &leftover{id: rec.ID, names: []string{name}, rec: rec}); open.What != "" {
		return open, nil
	}
	f.What = fmt.Sprintf("its recording is %s: %s", rec.State, rec.Reason)
	f.Do = "serve deletes it once it has verified the copy in the archive; if it stays, the log says why"
	if rec.State == recording.Failed || rec.State == recording.Lost {
		f.Do = "serve collects it within a minute; if it stays, the log says why"
	}
	return f, nil
}

// judge finds the recording of a spool file, and reports whether the file is
// left over: the recording is settled, and the file ought to be gone. Of a
// file that has no such recording it says what is wrong.
func (s *Service) judge(ctx context.Context, p recording.PBX, name string) (rec recording.Recording, left bool, f recording.Finding, err error) {
	rec, what, err := s.rowOf(ctx, name)
	_, is := s.pbxs.Named(rec.PBX)
	switch {
	case err != nil:
		return rec, false, f, err
	case what != "":
		return rec, false, recording.Finding{What: what, Do: keepIt}, nil
	case !is:
		f = recording.Finding{What: fmt.Sprintf("its PBX %q is no longer configured", rec.PBX), Do: "configure it again: then the file is collected"}
		return rec, false, f, nil
	case rec.PBX != p.Name, !rec.State.Final(): // two PBXs that share a folder; the row is judged by itself
		return rec, false, f, nil
	case (rec.State == recording.Ready || rec.State == recording.Empty) && p.KeepSpool:
		return rec, false, f, nil
	}
	return rec, true, f, nil
}

// keepIt is what to do about audio without a row.
const keepIt = "keep it and listen to it: somebody put it there, or the database was restored from a backup that is older than the recording"

// rowOf returns the recording that a file belongs to by its name, or what is
// wrong with the name.
func (s *Service) rowOf(ctx context.Context, name string) (rec recording.Recording, what string, err error) {
	id, err := recording.ParseID(name[:min(32, len(name))])
	if err != nil {
		return rec, "its name is not the name of a recording", nil //nolint:nilerr // that is the finding
	}
	rec, err = s.store.Get(ctx, id)
	if recording.CodeOf(err) == recording.NotFound {
		return rec, "no recording has the id " + string(id), nil
	}
	return rec, "", err
}

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
func (s *Service) archiveUnexplained(ctx context.Context, from, to time.Time, sizes bool) ([]recording.Finding, error) {
	entries, err := s.store.Entries(ctx, from, to)
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
		more, err := s.archiveOrphans(ctx, prefix, func(key string) bool {
			held[key] = !sizes
			return explained[key] || !within(key, from, to)
		})
		if err != nil {
			return []recording.Finding{archiveAway(err)}, ctx.Err()
		}
		found = append(found, more...)
	}
	rows := s.badRows(ctx, slices.DeleteFunc(entries, func(e recording.Entry) bool { return e.Reason != recording.Reason{} && held[e.Key] }))
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
// explained nor a row accounts for. An archive that cannot list has none.
func (s *Service) archiveOrphans(ctx context.Context, prefix string, explained func(key string) bool) ([]recording.Finding, error) {
	lister, ok := s.blobs.(recording.Lister)
	if !ok {
		return nil, nil
	}
	var found []recording.Finding
	err := lister.List(ctx, prefix, func(key string) error {
		if explained(key) {
			return nil
		}
		rec, what, err := s.rowOf(ctx, key)
		f := recording.Finding{Place: recording.InArchive, Name: key, What: what, Do: keepIt}
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
func (s *Service) badRows(ctx context.Context, entries []recording.Entry) []recording.Finding {
	var found []recording.Finding
	var mu sync.Mutex // guards found
	var wg sync.WaitGroup
	next := make(chan recording.Entry)
	for range lookers {
		wg.Go(func() {
			for e := range next {
				if f := s.badRow(ctx, e); f.What != "" {
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
func (s *Service) badRow(ctx context.Context, e recording.Entry) recording.Finding {
	switch {
	case !e.State.Final():
		return recording.Finding{}
	case e.Reason == recording.Reason{}:
		return recording.Finding{What: fmt.Sprintf("it is %s without a reason", e.State), Do: "recgate explain shows its history; report this"}
	case e.State != recording.Ready:
		return recording.Finding{}
	}
	body, size, err := s.blobs.Open(ctx, e.Key)
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
