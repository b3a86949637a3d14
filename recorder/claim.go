package recorder

import (
	"context"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/recording"
)

// claim is collect for one of several processes.
func (s *Service) claim(ctx context.Context, c *book.Wait) (again time.Duration, err error) {
	if s.claims.Alone() {
		return s.collect(ctx, c)
	}
	if rec, err := s.store.Get(ctx, c.ID); err != nil || rec.State != recording.Collecting {
		return 0, err // another process was faster: the lease costs two commits
	}
	mine, err := s.claims.Do(ctx, collecting+string(c.ID), func(ctx context.Context) (err error) {
		again, err = s.collect(ctx, c)
		return err
	})
	if err == nil && !mine {
		again = job.AskAgain
	}
	if _, over := s.steps.Overtaken(ctx, c.ID, err, recording.Collecting); over {
		return 0, nil
	}
	return again, err
}
