package recorder

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"recgate/recording"
)

// lookEvery is the time between two looks from the files to the rows.
const lookEvery = time.Minute

// orphans remembers what was found by the looks at one place, so that it is
// said once. The zero value is ready.
type orphans struct {
	mu sync.Mutex                     // guards at
	at map[string][]recording.Finding // by the place that was looked at
}

// set replaces what is known of a place, and returns what is new.
func (o *orphans) set(place string, found []recording.Finding) (fresh []recording.Finding) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := map[recording.Finding]bool{}
	for _, f := range o.at[place] {
		before[f] = true
	}
	for _, f := range found {
		if !before[f] {
			fresh = append(fresh, f)
		}
	}
	if o.at == nil {
		o.at = map[string][]recording.Finding{}
	}
	o.at[place] = found
	return fresh
}

// known returns what was found out about a file at the last look.
func (o *orphans) known(place, name string) (f recording.Finding, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.at[place] {
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
func (s *Service) Orphans() Orphans {
	s.orphans.mu.Lock()
	defer s.orphans.mu.Unlock()
	var n Orphans
	for _, found := range s.orphans.at {
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

// report says what was not said before.
func (s *Service) report(ctx context.Context, place string, found []recording.Finding) {
	for _, f := range s.orphans.set(place, found) {
		s.o.Log.WarnContext(ctx, "something does not add up", slog.String("place", f.Place), slog.String("name", f.Name),
			slog.String("reason", f.What), slog.String("do", f.Do))
	}
}

// lookThrough compares after a delay, and then again and again, the recent
// rows with what the archive holds of them.
func (s *Service) lookThrough(delay time.Duration) {
	s.compares.Add(delay, "archive", func(ctx context.Context) {
		_, err := s.claims.Do(ctx, "archive", func(ctx context.Context) error {
			to := s.now().Add(lookEvery)
			found, err := s.archiveUnexplained(ctx, to.Add(-prefixSpan), to, false)
			if err == nil && ctx.Err() == nil {
				s.report(ctx, recording.InArchive, found)
			}
			return err
		})
		if err != nil && ctx.Err() == nil && recording.CodeOf(err) != recording.Unavailable {
			s.o.Log.ErrorContext(ctx, "archive not checked", slog.Any("err", err))
		}
		s.lookThrough(lookEvery)
	})
}

// lookBack goes after a delay from the files in a spool to the rows, and then
// again and again: the sweep goes the other way.
func (s *Service) lookBack(p recording.PBX, delay time.Duration) {
	s.compares.Add(delay, "leftovers "+p.Name, func(ctx context.Context) {
		s.settledElsewhereSince(ctx, p)
		_, err := s.claims.Do(ctx, "leftovers "+p.Name, func(ctx context.Context) error {
			found, err := s.tidySpool(ctx, p)
			if err == nil && ctx.Err() == nil {
				s.report(ctx, recording.InSpool(p.Name), found)
			}
			return err
		})
		if err != nil && ctx.Err() == nil && recording.CodeOf(err) != recording.Unavailable && !s.steps.Raced(err) {
			s.o.Log.ErrorContext(ctx, "spool not checked", slog.String("pbx", p.Name), slog.Any("err", err))
		}
		s.lookBack(p, lookEvery)
	})
}

// settledElsewhereSince forgets what another process has settled, so that the
// metrics of this one do not count it forever.
func (s *Service) settledElsewhereSince(ctx context.Context, p recording.PBX) {
	known := s.book.OnPBX(p.Name)
	open, err := s.store.Open(ctx, p.Name)
	if err != nil {
		return // said elsewhere
	}
	for _, linkedID := range s.book.Reconcile(p.Name, known, open) {
		c := recording.Channel{PBX: p.Name, LinkedID: linkedID}
		if peers, err := p.Switch.Peers(ctx, c); err == nil && len(peers) == 0 {
			s.book.ForgetChannel(c, true)
		}
	}
}
