package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"recgate/recording"
)

// Unexplained compares rows, spools and archive in both directions, and calls
// found with what does not fit together: never, when all is well. All that is
// not in a final state is looked at, and every spool; of what is final and of
// the archive what belongs to recordings asked for in [from, to), the oldest
// first. looked, which may be nil, is called with how far that is. It only
// looks, needs no connection to a PBX, and may run beside recgate serve. The
// memory that it needs does not grow with the period, and time only with what
// there is in it.
func (l *Ledger) Unexplained(ctx context.Context, from, to time.Time, found func(recording.Finding), looked func(at time.Time)) error {
	rows, err := l.unsettled(ctx)
	if err != nil {
		return err
	}
	tell(found, rows)
	for _, p := range l.PBXs {
		files, err := l.spoolUnexplained(ctx, p)
		if err != nil {
			return err
		}
		tell(found, files)
	}
	folders, err := l.archiveFolders(ctx)
	if err != nil && ctx.Err() == nil {
		found(archiveAway(err))
		return nil
	}
	for at := from.UTC().Truncate(time.Millisecond); ; {
		start, err := l.nextToLookAt(ctx, at, folders)
		if err != nil || ctx.Err() != nil || start.IsZero() || !start.Before(to) {
			return errors.Join(err, ctx.Err())
		}
		if looked != nil {
			looked(start)
		}
		if at = spanOf(start).Add(prefixSpan); at.After(to) {
			at = to
		}
		more, err := l.archiveUnexplained(ctx, start, at, true)
		if err != nil {
			return err
		}
		tell(found, more)
	}
}

// tell passes on what was found in one place, records before files.
func tell(found func(recording.Finding), all []recording.Finding) {
	slices.SortStableFunc(all, func(a, b recording.Finding) int {
		return cmp.Or(cmp.Compare(places(a), places(b)), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name))
	})
	for _, f := range slices.Compact(all) {
		found(f)
	}
}

// places puts records before files.
func places(f recording.Finding) int {
	switch f.Place {
	case recording.InRecords:
		return 0
	case recording.InArchive:
		return 2
	}
	return 1
}

// ago writes a time with how long ago it was.
func (l *Ledger) ago(t time.Time) string {
	return fmt.Sprintf("%s (%s ago)", t.UTC().Format(time.RFC3339), l.Now().Sub(t).Round(time.Second))
}
