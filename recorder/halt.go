package recorder

import (
	"context"
	"log/slog"

	"recgate/recording"
)

// stopNow ends a recording that runs, for the reason of step. The row says so
// before the PBX is asked: a crash in between leaves a row in Collecting,
// which stopAgain sees to, and never a stop that nobody can explain. When the
// PBX does not do it, the row goes back to Running, and the caller may try
// again. The channel's lock is held.
func (s *Service) stopNow(ctx context.Context, p recording.PBX, rec *recording.Recording, step recording.Step) error {
	step.To, step.StoppedAt = recording.Collecting, s.now()
	if err := s.steps.Advance(ctx, rec, step); err != nil {
		if now, over := s.steps.Overtaken(ctx, rec.ID, err, recording.Running); over {
			*rec = now
			return nil
		}
		return err
	}
	// A channel or a recording that is gone already has ended.
	if err := p.Recorder.Stop(ctx, *rec); err != nil && recording.CodeOf(err) != recording.NotFound {
		ctx, cancel := s.own(ctx) // the deadline may be the very reason
		defer cancel()
		back := recording.Step{To: recording.Running, Back: true, Reason: step.Reason.With(recording.NoteUnconfirmed), Said: recording.Message(err)}
		if failed := s.steps.Advance(ctx, rec, back); failed != nil {
			s.o.Log.WarnContext(ctx, "stop not confirmed by the PBX, asking again", append(rec.Attrs(), slog.Any("err", failed))...)
		}
		return err
	}
	s.over(ctx, *rec)
	return nil
}

// over has the files of a recording collected whose row says that it ended.
func (s *Service) over(ctx context.Context, rec recording.Recording) {
	s.o.Log.InfoContext(ctx, "recording ended", append(rec.Attrs(), rec.Reason.Attrs()...)...)
	s.collectSoon(rec.ID)
}

// stopAgain makes sure that the PBX has stopped what a row in Collecting says
// has ended: a crash may have come between the row and the stop. A file that
// the PBX has closed with sound in it says so by itself. The lock is held.
func (s *Service) stopAgain(ctx context.Context, p recording.PBX, rec recording.Recording) error {
	if !rec.InProgress() || s.closed(ctx, p, rec) {
		return nil
	}
	capture, err := p.Recorder.Reclaim(ctx, rec)
	if recording.CodeOf(err) == recording.NotFound || (err == nil && len(capture.Tracks) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	rec.Recorder, rec.Handle = capture.Recorder, capture.Handle
	if err := p.Recorder.Stop(ctx, rec); err != nil && recording.CodeOf(err) != recording.NotFound {
		return err
	}
	s.o.Log.InfoContext(ctx, "recording stopped on the PBX after an interrupted stop", rec.Attrs()...)
	return nil
}

// closed reports whether the PBX has closed all files of a recording, with sound
// in them: one without looks the same when it has just begun.
func (s *Service) closed(ctx context.Context, p recording.PBX, rec recording.Recording) bool {
	files, err := openAll(p, rec.Tracks)
	defer func() { s.closeAll(ctx, files) }()
	for _, f := range files {
		if f.file == nil {
			return false
		}
		complete, length, failed := s.sound.Check(f.file, f.size)
		if failed != nil || !complete || length == 0 {
			return false
		}
	}
	return err == nil && len(files) > 0
}

// endedBy is the reason of a recording that does not run on the PBX any more
// without anybody's word: what had been asked for, if anything was.
func endedBy(rec recording.Recording) recording.Reason {
	if rec.Reason.Has(recording.NoteUnconfirmed) {
		return rec.Reason.Without(recording.NoteUnconfirmed)
	}
	return recording.Reason{Code: recording.ReasonEndedElsewhere}
}
