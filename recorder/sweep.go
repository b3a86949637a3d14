package recorder

import (
	"context"
	"log/slog"
	"time"

	"recgate/job"
	"recgate/recording"
)

const (
	// sweepEvery is the time between two looks at what is unfinished.
	sweepEvery = 20 * time.Second
	// reconcileEvery is the time between two comparisons of book and rows.
	reconcileEvery = time.Minute
)

// sweeper looks again and again at what is unfinished on a PBX.
type sweeper struct{ *pbx }

// sweepLater looks after a delay at all that is unfinished, and then again and
// again.
func (s sweeper) sweepLater(delay time.Duration) {
	s.work.Add(delay, "sweep "+s.Name, func(ctx context.Context) {
		mine, err := s.Claims.Do(ctx, "sweep "+s.Name, s.settleAll)
		if err != nil && ctx.Err() == nil && recording.CodeOf(err) != recording.Unavailable {
			s.Log.ErrorContext(ctx, "unfinished recordings not settled", slog.String("pbx", s.Name), slog.Any("err", err))
		}
		if !mine {
			s.sweepLater(job.AskAgain)
			return
		}
		s.sweepLater(sweepEvery)
	})
}

// settleAll looks at every unfinished recording of the PBX: after a crash, a
// lost connection or a missed event, and as a matter of routine. What cannot
// be settled because the PBX is away waits for the next look.
func (s sweeper) settleAll(ctx context.Context) error {
	open, err := s.Rows.Open(ctx, s.Name)
	if err != nil {
		return err
	}
	var first error
	for _, rec := range open {
		s.Book.Note(rec)
		s.limitLength(ctx, rec)
		if err := s.settle(ctx, rec.ID, rec.UniqueID); err != nil && first == nil && !s.Steps.Raced(err) {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return first
}

// limitLength has a recording stopped when it has run for as long as one may.
// The sweep calls it for all that run, so that only those need a timer that are
// over before the next sweep.
func (s sweeper) limitLength(ctx context.Context, rec recording.Recording) {
	if s.MaxLength <= 0 || rec.State != recording.Running || rec.StartedAt.IsZero() {
		return
	}
	left := s.MaxLength - s.runTime(ctx, rec)
	if left > sweepEvery {
		return
	}
	s.work.Add(max(left, 0), "limit "+string(rec.ID), func(ctx context.Context) {
		if err := s.stopOverlong(ctx, rec.ID, rec.UniqueID); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "overlong recording not stopped for now", append(rec.Attrs(), slog.Any("err", err))...)
		}
	})
}

// stopOverlong stops a recording that has reached the limit. What fails is tried
// again after the next sweep.
func (s sweeper) stopOverlong(ctx context.Context, id recording.ID, uniqueID string) error {
	ctx, cancel := context.WithTimeout(ctx, s.Deadline)
	defer cancel()
	unlock, err := s.lock(ctx, uniqueID)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.Rows.Get(ctx, id)
	if err != nil || rec.State != recording.Running || rec.UniqueID != uniqueID || s.runTime(ctx, rec) < s.MaxLength {
		return err
	}
	return s.stop(ctx, &rec, recording.Step{Reason: recording.Reason{Code: recording.ReasonMaxLength}})
}

// runTime returns for how long a recording runs that is in state Running. One
// that this process has not begun is counted from its first look on.
func (s sweeper) runTime(ctx context.Context, rec recording.Recording) time.Duration {
	if ran, counted := s.Book.Ran(rec.ID); counted {
		return ran
	}
	return s.Book.Count(rec.ID, s.files.Ran(ctx, s.PBX, rec))
}

// reconcileLater forgets after a delay, and then again and again, what another
// process has settled, so that the metrics of this one do not count it forever.
func (s sweeper) reconcileLater(delay time.Duration) {
	s.work.Add(delay, "book "+s.Name, func(ctx context.Context) {
		s.reconcile(ctx)
		s.reconcileLater(reconcileEvery)
	})
}

// reconcile brings the book in line with the rows of the PBX.
func (s sweeper) reconcile(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.Deadline)
	defer cancel()
	known := s.Book.OnPBX(s.Name)
	open, err := s.Rows.Open(ctx, s.Name)
	if err != nil {
		return // the sweep says so
	}
	for _, linkedID := range s.Book.Reconcile(s.Name, known, open) {
		c := recording.Channel{PBX: s.Name, LinkedID: linkedID}
		if peers, err := s.Switch.Peers(ctx, c); err == nil && len(peers) == 0 {
			s.Book.ForgetChannel(c, true)
		}
	}
}
