package recorder

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"recgate/recording"
)

// Steps makes the steps of recordings: the row, what the book knows, the log
// and the metrics of one always go together.
type Steps struct {
	book     *book
	rows     stepRows
	shared   bool // other processes make steps too
	now      func() time.Time
	log      *slog.Logger
	happened func(recording.Happening)
}

// stepRows are the rows that the steps are made in.
type stepRows interface {
	Get(ctx context.Context, id recording.ID) (recording.Recording, error)
	Advance(ctx context.Context, id recording.ID, s recording.Step) error
}

// Advance makes a step of a recording, now unless the step says when, and
// changes rec as the row changes. A step that is not allowed from the row's
// state is a Conflict, and changes nothing.
func (s *Steps) Advance(ctx context.Context, rec *recording.Recording, step recording.Step) error {
	if step.At.IsZero() {
		step.At = s.now()
	}
	if err := s.rows.Advance(ctx, rec.ID, step); err != nil {
		return err
	}
	rec.Apply(step)
	switch {
	case step.To.Final():
		s.book.Forget(rec.ID)
		s.tell(ctx, *rec, step)
	case step.To == recording.Running && !step.Back:
		s.book.Confirm(*rec)
	default:
		s.book.Note(*rec)
	}
	return nil
}

// tell says that a recording has reached a final state.
func (s *Steps) tell(ctx context.Context, rec recording.Recording, step recording.Step) {
	level := slog.LevelInfo
	if step.To == recording.Failed || step.To == recording.Lost {
		level = slog.LevelError
	}
	attrs := append(append(rec.Attrs(), slog.String("state", string(step.To))), step.Reason.Attrs()...)
	s.log.Log(ctx, level, "recording settled", append(attrs,
		slog.Int64("duration_ms", step.Duration.Milliseconds()), slog.Int64("bytes", step.Bytes))...)
	s.happened(recording.Happening{Kind: recording.Settled, Recording: rec})
}

// Raced reports whether an error is a step that another process has made first:
// the next look sees it.
func (s *Steps) Raced(err error) bool { return s.shared && recording.CodeOf(err) == recording.Conflict }

// Overtaken reports whether a step was refused because another process has made
// it, and returns the recording as it is now: its state is none of before.
func (s *Steps) Overtaken(ctx context.Context, id recording.ID, refusal error, before ...recording.State) (recording.Recording, bool) {
	if !s.Raced(refusal) {
		return recording.Recording{}, false
	}
	now, err := s.rows.Get(ctx, id)
	if err != nil {
		return recording.Recording{}, false
	}
	return now, !slices.Contains(before, now.State)
}
