package recorder

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"recgate/recording"
)

// follower follows the events of a PBX.
type follower struct {
	*pbx
	sweeper sweeper
	queue   queue
}

// follow takes one event. It only queues: the PBX waits for it.
func (f *follower) follow(e recording.Event) {
	channel, call := f.Book.Watches(e.Channel)
	switch e.Kind {
	case recording.PBXUp:
		f.sweeper.sweepLater(0)
		f.sweeper.reconcileLater(0)
		f.Collector.Tidy(f.Name)
	case recording.PBXDown: // the next PBXUp sees to what is missed meanwhile
	case recording.ChannelAnswered, recording.ChannelHungUp:
		if channel || call {
			f.later(event{Event: e})
		}
	case recording.RecordingMoved, recording.RecordingEnded:
		if channel {
			f.later(event{Event: e})
		}
	}
}

// later does what an event asks for, after what earlier events of the same
// channel ask for.
func (f *follower) later(e event) {
	id := e.Channel.UniqueID
	if !f.queue.add(e) {
		return
	}
	f.work.Add(0, "events "+f.Name+" "+id, func(ctx context.Context) {
		for e, waits := f.queue.head(id); waits; e, waits = f.queue.next(id) {
			f.take(ctx, e)
		}
	})
}

// take does what one event asks for. What fails is tried again: behind what
// came meanwhile, for a database that is away keeps all of them waiting anyway.
func (f *follower) take(ctx context.Context, e event) {
	err := f.act(ctx, e.Event)
	if err == nil || ctx.Err() != nil {
		return
	}
	if e.tries == 0 && !f.Steps.Raced(err) {
		f.Log.WarnContext(ctx, "event not followed for now", slog.String("pbx", e.PBX), slog.String("call", e.Channel.UniqueID), slog.Any("err", err))
	}
	e.tries++
	f.work.Add(time.Second, fmt.Sprintf("again %d %s %s", e.Kind, e.PBX, e.Channel.UniqueID), func(context.Context) { f.later(e) })
}

// act does what one event asks for, with the lock of its channel.
func (f *follower) act(ctx context.Context, e recording.Event) error {
	ctx, cancel := context.WithTimeout(ctx, 2*f.Deadline)
	defer cancel()
	unlock, err := f.lock(ctx, e.Channel.UniqueID)
	if err != nil {
		return err
	}
	defer unlock()
	switch e.Kind {
	case recording.ChannelAnswered:
		return f.noteAnswer(ctx, e)
	case recording.ChannelHungUp:
		return f.noteHangup(ctx, e)
	case recording.RecordingMoved:
		return f.move(ctx, e)
	}
	return f.checkEnded(ctx, e)
}

// noteAnswer takes the answer of a channel that is recorded, or whose call is.
func (f *follower) noteAnswer(ctx context.Context, e recording.Event) error {
	return f.Writer.ChannelEvent(ctx, recording.ChannelNote{
		PBX: f.Name, LinkedID: e.Channel.LinkedID, Party: partyOf(e.Channel), AnsweredAt: e.At,
	})
}

// noteHangup ends what was recorded on a channel that is gone.
func (f *follower) noteHangup(ctx context.Context, e recording.Event) error {
	open, err := f.Rows.OnChannel(ctx, f.Name, e.Channel.UniqueID)
	if err != nil {
		return err
	}
	for _, rec := range open {
		switch left := f.underWayElsewhere(rec); {
		case left > 0:
			f.settleLater(left, rec)
		case rec.State == recording.Starting:
			_, err = f.settleStarting(ctx, rec)
		case rec.State == recording.Running:
			err = f.end(ctx, &rec, recording.Reason{Code: recording.ReasonHungUp}, e.At)
		}
		if err != nil {
			return err
		}
	}
	n := recording.ChannelNote{PBX: f.Name, LinkedID: e.Channel.LinkedID, Party: partyOf(e.Channel), EndedAt: e.At, CallEnded: e.Last}
	if err := f.Writer.ChannelEvent(ctx, n); err != nil {
		return err
	}
	f.Book.ForgetChannel(e.Channel, e.Last)
	return nil
}

// checkEnded takes it that something ended a recording of the PBX. What it was
// is not said, and it may have been an earlier one that another process
// stopped: so the PBX is asked whether what runs by the row does run.
func (f *follower) checkEnded(ctx context.Context, e recording.Event) error {
	open, err := f.Rows.OnChannel(ctx, f.Name, e.Channel.UniqueID)
	if err != nil {
		return err
	}
	for _, rec := range open {
		if rec.State != recording.Running {
			continue
		}
		capture, err := f.Recorder.Reclaim(ctx, rec)
		switch {
		case recording.CodeOf(err) == recording.NotFound: // its hangup is on the way, or the next sweep sees to it
			return nil
		case err != nil:
			return err
		case len(capture.Tracks) > 0:
			f.Log.DebugContext(ctx, "recording continues, another one was ended", rec.Attrs()...)
			return nil
		}
		return f.end(ctx, &rec, recording.Reason{Code: recording.ReasonEndedByPBX}, e.At)
	}
	return nil
}

// move follows a recording from the channel that was picked up to the one that
// picked it up.
func (f *follower) move(ctx context.Context, e recording.Event) error {
	open, err := f.Rows.OnChannel(ctx, f.Name, e.Channel.UniqueID)
	if err != nil {
		return err
	}
	for _, rec := range open {
		if rec.State != recording.Running {
			continue
		}
		if err := f.Writer.Move(ctx, rec.ID, partyOf(e.To), e.At); err != nil {
			return err
		}
		f.Log.InfoContext(ctx, "recording moved by a pickup", append(rec.Attrs(), slog.String("to", e.To.Name))...)
		rec.Channel, rec.UniqueID, rec.Extension = e.To.Name, e.To.UniqueID, e.To.Extension
		f.Book.Note(rec)
	}
	return nil
}
