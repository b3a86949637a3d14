package book

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
	Book     *Book
	Rows     Rows
	Shared   bool // other processes make steps too
	Now      func() time.Time
	Log      *slog.Logger
	Happened func(recording.Happening) // must not block
}

// Rows are the rows that the steps are made in. Errors: NotFound when a row is
// not there, Unavailable when the database cannot be reached. A step is one transaction,
// durable on return.
type Rows interface {
	recording.Getter
	// Advance makes a step, as Recording.Apply does. A row whose state is not
	// one of Step.From is left as it is and a Conflict is returned. The history
	// gets Step.Past.
	Advance(ctx context.Context, id recording.ID, s recording.Step) error
}

// Advance makes a step of a recording, now unless the step says when, and
// changes rec as the row changes. A step that is not allowed from the row's
// state is a Conflict, and changes nothing.
func (s *Steps) Advance(ctx context.Context, rec *recording.Recording, step recording.Step) error {
	if step.At.IsZero() {
		step.At = recording.Stamp(s.Now())
	}
	if err := s.Rows.Advance(ctx, rec.ID, step); err != nil {
		return err
	}
	rec.Apply(step)
	switch {
	case step.To.Final():
		s.Book.Forget(rec.ID)
		s.tell(ctx, *rec, step)
	case step.To == recording.Running && !step.Back:
		s.Book.Confirm(*rec)
	default:
		s.Book.Note(*rec)
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
	s.Log.Log(ctx, level, "recording settled", append(attrs,
		slog.Int64("duration_ms", step.Duration.Milliseconds()), slog.Int64("bytes", step.Bytes))...)
	s.Happened(recording.Happening{Kind: recording.Settled, Recording: rec})
}

// Raced reports whether an error is a step that another process has made first:
// the next look sees it.
func (s *Steps) Raced(err error) bool { return s.Shared && recording.CodeOf(err) == recording.Conflict }

// Overtaken reports whether a step was refused because another process has made
// it, and returns the recording as it is now: its state is none of before.
func (s *Steps) Overtaken(ctx context.Context, id recording.ID, refusal error, before ...recording.State) (recording.Recording, bool) {
	if !s.Raced(refusal) {
		return recording.Recording{}, false
	}
	now, err := s.Rows.Get(ctx, id)
	if err != nil {
		return recording.Recording{}, false
	}
	return now, !slices.Contains(before, now.State)
}
