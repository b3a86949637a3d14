package recorder

import (
	"context"
	"log/slog"
	"time"

	"recgate/recording"
)

// note takes an answer or a hangup of a channel that is recorded, or whose
// call is.
func (s *Service) note(ctx context.Context, p recording.PBX, e recording.Event) error {
	c := live{e.Channel, p}
	ctx, cancel := context.WithTimeout(ctx, 2*s.o.Deadline)
	defer cancel()
	unlock, err := s.locks.Lock(ctx, channelKey{p.Name, c.UniqueID})
	if err != nil {
		return err
	}
	defer unlock()
	n := recording.ChannelNote{PBX: p.Name, LinkedID: c.LinkedID, Party: partyOf(c.Channel)}
	if e.Kind == recording.ChannelAnswered {
		n.AnsweredAt = e.At
		return s.store.ChannelEvent(ctx, n)
	}
	n.EndedAt, n.CallEnded = e.At, e.Last
	if err := s.hungUp(ctx, c, e.At); err != nil {
		return err
	}
	if err := s.store.ChannelEvent(ctx, n); err != nil {
		return err
	}
	s.book.ForgetChannel(e.Channel, e.Last)
	return nil
}

// hungUp ends what was recorded on a channel that is gone.
func (s *Service) hungUp(ctx context.Context, c live, at time.Time) error {
	open, err := s.store.OnChannel(ctx, c.on.Name, c.UniqueID)
	if err != nil {
		return err
	}
	for _, rec := range open {
		switch rec.State {
		case recording.Starting:
			if !s.leaveToOther(c.on, rec) {
				_, err = s.settleStarting(ctx, c.on, rec)
			}
		case recording.Running:
			err = s.ended(ctx, &rec, recording.Reason{Code: recording.ReasonHungUp}, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endedByPBX takes it that something ended a recording of the PBX. What it was
// is not said, and it may have been an earlier one that another process
// stopped: so the PBX is asked whether what runs by the row does run.
func (s *Service) endedByPBX(ctx context.Context, p recording.PBX, e recording.Event) error {
	ctx, cancel := context.WithTimeout(ctx, 2*s.o.Deadline)
	defer cancel()
	unlock, err := s.locks.Lock(ctx, channelKey{p.Name, e.Channel.UniqueID})
	if err != nil {
		return err
	}
	defer unlock()
	open, err := s.store.OnChannel(ctx, p.Name, e.Channel.UniqueID)
	if err != nil {
		return err
	}
	for _, rec := range open {
		if rec.State != recording.Running {
			continue
		}
		capture, err := p.Recorder.Reclaim(ctx, rec)
		switch {
		case recording.CodeOf(err) == recording.NotFound: // its hangup is on the way, or the next sweep sees to it
			return nil
		case err != nil:
			return err
		case len(capture.Tracks) > 0:
			s.o.Log.DebugContext(ctx, "recording continues, another one was ended", rec.Attrs()...)
			return nil
		}
		return s.ended(ctx, &rec, recording.Reason{Code: recording.ReasonEndedByPBX}, e.At)
	}
	return nil
}

// moved follows a recording from the channel that was picked up to the one
// that picked it up.
func (s *Service) moved(ctx context.Context, p recording.PBX, e recording.Event) error {
	unlock, err := s.locks.Lock(ctx, channelKey{p.Name, e.Channel.UniqueID})
	if err != nil {
		return err
	}
	defer unlock()
	open, err := s.store.OnChannel(ctx, p.Name, e.Channel.UniqueID)
	if err != nil {
		return err
	}
	for _, rec := range open {
		if rec.State != recording.Running {
			continue
		}
		if err := s.store.Move(ctx, rec.ID, partyOf(e.To), e.At); err != nil {
			return err
		}
		s.o.Log.InfoContext(ctx, "recording moved by a pickup", append(rec.Attrs(), slog.String("to", e.To.Name))...)
		rec.Channel, rec.UniqueID, rec.Extension = e.To.Name, e.To.UniqueID, e.To.Extension
		s.book.Note(rec)
	}
	return nil
}
