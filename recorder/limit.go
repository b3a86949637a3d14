package recorder

import (
	"context"
	"log/slog"

	"recgate/recording"
)

// limit has a recording stopped when it has run for as long as one may. The
// sweep calls it for all that run, so that only those need a timer that are
// over before the next sweep.
func (s *Service) limit(ctx context.Context, p recording.PBX, rec recording.Recording) {
	if s.o.MaxLength <= 0 || rec.State != recording.Running || rec.StartedAt.IsZero() {
		return
	}
	left := s.o.MaxLength - s.ranSoFar(ctx, p, rec)
	if left > s.o.Sweep {
		return
	}
	s.work.Add(max(left, 0), "limit "+string(rec.ID), func(ctx context.Context) {
		if err := s.overlong(ctx, p, rec.ID, rec.UniqueID); err != nil && ctx.Err() == nil {
			s.o.Log.WarnContext(ctx, "overlong recording not stopped for now", append(rec.Attrs(), slog.Any("err", err))...)
		}
	})
}

// overlong stops a recording that has reached the limit. What fails is tried
// again after the next sweep.
func (s *Service) overlong(ctx context.Context, p recording.PBX, id recording.ID, uniqueID string) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
	defer cancel()
	unlock, err := s.locks.Lock(ctx, channelKey{p.Name, uniqueID})
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.store.Get(ctx, id)
	if err != nil || rec.State != recording.Running || rec.UniqueID != uniqueID || s.ranSoFar(ctx, p, rec) < s.o.MaxLength {
		return err
	}
	return s.stopNow(ctx, p, &rec, recording.Step{Reason: recording.Reason{Code: recording.ReasonMaxLength}})
}
