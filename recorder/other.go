package recorder

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"recgate/book"
	"recgate/recording"
)

// Several processes may share a database and stand in front of the same PBXs:
// each has Options.Holder. Every state step is made by one of them (the store
// compares and sets), every channel is recorded by one start (Store.Add), and
// work is claimed by a lease. This file is about starts, which a lease of
// their own would slow down.

// errTaken is wrapped by the Conflict of a start that came second: another
// process has begun to record the channel since it was looked at.
var errTaken = errors.New("another process begins to record the channel")

const (
	// lookAgain is the time between two looks at what another process does.
	lookAgain = 25 * time.Millisecond
	// answerTime is how much longer than its deadline a start may be under
	// way: its last action may be answered late.
	answerTime = time.Second
	// eventTime is how much later than its row the events of a channel may
	// reach another process.
	eventTime = 3 * time.Second
)

// underWayElsewhere tells for how much longer another process may be in the
// middle of this start: then what the PBX says of it means nothing yet, and
// nobody else may settle the row.
func (s *Service) underWayElsewhere(rec recording.Recording) time.Duration {
	if s.claims.Alone() || rec.State != recording.Starting || s.now().Sub(rec.AskedAt) > book.LongOver {
		return 0
	}
	return s.book.UnderWay(rec.ID, s.o.Deadline+answerTime)
}

// awaitOther waits while another process is in the middle of a start, and
// returns the recording as it is then. Any other recording comes back at once.
func (s *Service) awaitOther(ctx context.Context, rec recording.Recording) (recording.Recording, error) {
	for s.underWayElsewhere(rec) > 0 {
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return rec, &recording.Error{Code: recording.Unavailable, Msg: "an earlier action on this channel has not ended yet: try again", Err: ctx.Err()}
		}
		now, err := s.store.Get(ctx, rec.ID)
		if err != nil {
			return rec, err
		}
		rec = now
	}
	return rec, nil
}

// leaveToOther reports whether another process may be in the middle of this
// start; the recording is then looked at again when it cannot be any more.
func (s *Service) leaveToOther(p recording.PBX, rec recording.Recording) bool {
	left := s.underWayElsewhere(rec)
	if left > 0 {
		s.settleIn(left, p, rec)
	}
	return left > 0
}

// settleIn looks at one recording again, before the next sweep does.
func (s *Service) settleIn(delay time.Duration, p recording.PBX, rec recording.Recording) {
	s.work.Add(delay, "settle "+string(rec.ID), func(ctx context.Context) {
		if err := s.settle(ctx, p, rec.ID, rec.UniqueID); err != nil && ctx.Err() == nil && !s.steps.Raced(err) {
			s.o.Log.WarnContext(ctx, "recording of another process not settled for now", append(rec.Attrs(), slog.Any("err", err))...)
		}
	})
}

// notSeenYet reports whether a channel that the PBX's table does not hold may be
// too new for it: another process began to record it, and its events reach us
// a little later than its row. It is looked at again.
func (s *Service) notSeenYet(p recording.PBX, rec recording.Recording) bool {
	if s.claims.Alone() || rec.State != recording.Running {
		return false
	}
	left := s.book.UnderWay(rec.ID, eventTime)
	if left > 0 {
		s.settleIn(left, p, rec)
	}
	return left > 0
}

// settledElsewhere is for a start that the PBX confirmed after another process
// had settled its row: this one was too slow. It may have been taken over;
// else what was begun has no row that says so, and is ended.
func (s *Service) settledElsewhere(ctx context.Context, c live, rec recording.Recording, capture recording.Capture, cause error) (recording.Recording, error) {
	ctx, cancel := s.own(ctx)
	defer cancel()
	now, found := s.steps.Overtaken(ctx, rec.ID, cause, recording.Starting)
	if !found {
		return rec, cause
	}
	if now.State == recording.Running {
		return now, nil
	}
	rec.Recorder, rec.Handle, rec.Tracks = capture.Recorder, capture.Handle, capture.Tracks
	if err := c.on.Recorder.Stop(ctx, rec); err != nil && recording.CodeOf(err) != recording.NotFound {
		return rec, errors.Join(cause, err)
	}
	return now, &recording.Error{Code: recording.Unavailable, Msg: "the start took too long and was given up: try again", Err: cause}
}
