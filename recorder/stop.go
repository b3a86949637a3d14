package recorder

import (
	"context"
	"log/slog"
	"time"

	"recgate/recording"
)

// Stop ends what recgate records on the channel that the target means, else
// what it records in the same call, and nothing else: recordings of the
// PBX's own are not touched. Errors: Forbidden, Invalid, NotFound (no such live
// channel, or nothing to stop), Conflict (live on two PBXs), Unavailable.
func (r *Recorder) Stop(ctx context.Context, q recording.StopRequest) (rec recording.Recording, err error) {
	if err := q.Actor.May(recording.MethodStop); err != nil {
		return rec, err
	}
	defer func() { r.Happened(recording.Happening{Kind: recording.Stopped, Recording: rec, Err: err}) }()
	t, err := r.target(q.Target, q.PBX)
	if err != nil {
		return rec, err
	}
	ctx, cancel := r.withDeadline(ctx)
	defer cancel()
	found, err := r.find(ctx, t)
	if err != nil {
		return rec, err
	}
	for _, c := range found {
		if rec, stopped, err := c.stop(ctx, q.Actor.Remote); stopped || err != nil {
			return rec, err
		}
	}
	for _, c := range found {
		if rec, stopped, err := c.stopCall(ctx, q.Actor.Remote); stopped || err != nil {
			return rec, err
		}
	}
	return rec, recording.Errorf(recording.NotFound, "nothing is being recorded on %q or in its call", t.Text)
}

// stopCall ends a recording of another channel in the same call, and reports
// whether there was one.
func (c live) stopCall(ctx context.Context, remote string) (rec recording.Recording, stopped bool, err error) {
	peers, err := c.on.Switch.Peers(ctx, c.Channel)
	for _, p := range peers {
		if p.UniqueID == c.UniqueID {
			continue
		}
		if rec, stopped, err = (live{p, c.on}).stop(ctx, remote); stopped || err != nil {
			return rec, stopped, err
		}
	}
	return rec, false, err
}

// stop ends the recording of the channel, and reports whether there was one.
func (c live) stop(ctx context.Context, remote string) (rec recording.Recording, stopped bool, err error) {
	unlock, err := c.on.lock(ctx, c.UniqueID)
	if err != nil {
		return rec, false, err
	}
	defer unlock()
	running, err := c.on.findRunning(ctx, c.UniqueID)
	if err != nil || running == nil {
		return rec, false, err
	}
	rec = *running
	step := recording.Step{Reason: recording.Reason{Code: recording.ReasonStopped}}
	if remote != "" {
		step.Said = "asked for by " + remote
	}
	err = c.on.stop(ctx, &rec, step)
	return rec, true, err
}

// end makes the step to Collecting of a recording that has ended, and has its
// files collected.
func (p *pbx) end(ctx context.Context, rec *recording.Recording, reason recording.Reason, at time.Time) error {
	step := recording.Step{To: recording.Collecting, Reason: reason, StoppedAt: at}
	if err := p.Steps.Advance(ctx, rec, step); err != nil {
		if now, overtaken := p.Steps.Overtaken(ctx, rec.ID, err, recording.Starting, recording.Running); overtaken {
			*rec = now
			return nil
		}
		return err
	}
	p.collect(ctx, *rec)
	return nil
}

// stop ends a recording that runs, for the reason of step. The row says so
// before the PBX is asked: a crash in between leaves a row in Collecting,
// which stopAgain sees to, and never a stop that nobody can explain. When the
// PBX does not do it, the row goes back to Running, and the caller may try
// again. The channel's lock is held.
func (p *pbx) stop(ctx context.Context, rec *recording.Recording, step recording.Step) error {
	step.To, step.StoppedAt = recording.Collecting, p.now()
	if err := p.Steps.Advance(ctx, rec, step); err != nil {
		if now, overtaken := p.Steps.Overtaken(ctx, rec.ID, err, recording.Running); overtaken {
			*rec = now
			return nil
		}
		return err
	}
	// A channel or a recording that is gone already has ended.
	if err := p.Recorder.Stop(ctx, *rec); err != nil && recording.CodeOf(err) != recording.NotFound {
		ctx, cancel := p.withDeadline(ctx) // the deadline may be the very reason
		defer cancel()
		back := recording.Step{To: recording.Running, Back: true, Reason: step.Reason.With(recording.NoteUnconfirmed), Said: recording.Message(err)}
		if failed := p.Steps.Advance(ctx, rec, back); failed != nil {
			p.Log.WarnContext(ctx, "stop not confirmed by the PBX, asking again", append(rec.Attrs(), slog.Any("err", failed))...)
		}
		return err
	}
	p.collect(ctx, *rec)
	return nil
}

// collect has the files of a recording collected whose row says that it ended.
func (p *pbx) collect(ctx context.Context, rec recording.Recording) {
	p.Log.InfoContext(ctx, "recording ended", append(rec.Attrs(), rec.Reason.Attrs()...)...)
	p.Collector.Collect(rec.ID)
}

// stopAgain makes sure that the PBX has stopped what a row in Collecting says
// has ended: a crash may have come between the row and the stop. A file that
// the PBX has closed with sound in it says so by itself. The lock is held.
func (p *pbx) stopAgain(ctx context.Context, rec recording.Recording) error {
	if !rec.InProgress() || p.files.Closed(ctx, p.PBX, rec.Tracks) {
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
	p.Log.InfoContext(ctx, "recording stopped on the PBX after an interrupted stop", rec.Attrs()...)
	return nil
}

// reasonOfEnd is the reason of a recording that does not run on the PBX any more
// without anybody's word: what had been asked for, if anything was.
func reasonOfEnd(rec recording.Recording) recording.Reason {
	if rec.Reason.Has(recording.NoteUnconfirmed) {
		return rec.Reason.Without(recording.NoteUnconfirmed)
	}
	return recording.Reason{Code: recording.ReasonEndedElsewhere}
}
