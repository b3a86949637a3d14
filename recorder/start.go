package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"recgate/recording"
)

// Start records the channel that the target means, or adds the tag to the
// recording of that channel that runs already, and returns the recording.
// The row is durable before the PBX is asked, and the start goes on under its
// own deadline when the caller leaves. Errors: Forbidden, Invalid, NotFound (no
// such live channel), Conflict (live on two PBXs, or monitored by something
// else), Unavailable (PBX, right, spool or database; the message says which).
func (s *Service) Start(ctx context.Context, r recording.StartRequest) (recording.Recording, error) {
	if err := r.Actor.May(recording.MethodStart); err != nil {
		return recording.Recording{}, err
	}
	rec, err := s.start(ctx, r)
	s.o.Happened(recording.Happening{Kind: recording.Started, Recording: rec, Err: err})
	return rec, err
}

func (s *Service) start(ctx context.Context, r recording.StartRequest) (recording.Recording, error) {
	t, err := s.target(r.Target, r.PBX)
	if err != nil {
		return recording.Recording{}, err
	}
	tag, err := recording.CheckText("tag", r.Tag)
	if err != nil {
		return recording.Recording{}, err
	}
	ctx, cancel := s.own(ctx)
	defer cancel()
	found, err := s.find(ctx, t)
	if err != nil {
		return recording.Recording{}, err
	}
	c := found[0]
	unlock, err := s.locks.Lock(ctx, channelKey{c.on.Name, c.UniqueID})
	if err != nil {
		return recording.Recording{}, err
	}
	defer unlock()
	for tries := 1; ; tries++ {
		running, err := s.running(ctx, c)
		if err != nil {
			return recording.Recording{}, err
		}
		if running != nil {
			return s.tagged(ctx, *running, tag, r.Actor.Remote)
		}
		rec, err := s.record(ctx, c, tag, r.Actor.Remote)
		if !errors.Is(err, errTaken) || tries == 3 {
			return rec, err
		}
		// Another process has just begun: look again what became of it.
	}
}

// running returns what recgate records on the channel, or nil. A row that a
// crash left in Starting is settled first, one that says Running is only
// believed when the PBX confirms it, and one whose stop a crash interrupted is
// stopped: a start that is answered with success must record, and nothing
// beside it. The channel's lock is held.
func (s *Service) running(ctx context.Context, c live) (*recording.Recording, error) {
	open, err := s.store.OnChannel(ctx, c.on.Name, c.UniqueID)
	if err != nil {
		return nil, err
	}
	for _, rec := range open {
		if rec, err = s.awaitOther(ctx, rec); err != nil {
			return nil, err
		}
		switch rec.State {
		case recording.Starting:
			rec, err = s.settleStarting(ctx, c.on, rec)
		case recording.Running:
			err = s.settleRunning(ctx, c.on, &rec)
		case recording.Collecting:
			if !s.book.Waits(rec.ID) { // else it is known to have ended
				err = s.settleStopped(ctx, c.on, rec)
			}
		}
		if err != nil {
			return nil, err
		}
		if rec.State == recording.Running {
			return &rec, nil
		}
	}
	return nil, nil
}

// tagged adds a tag to a recording that runs.
func (s *Service) tagged(ctx context.Context, rec recording.Recording, tag, by string) (recording.Recording, error) {
	if tag == "" {
		return rec, nil
	}
	if err := s.store.AddTag(ctx, rec.ID, tag, by, s.now()); err != nil {
		return rec, err
	}
	s.o.Log.InfoContext(ctx, "tag added to a running recording", slog.String("recording", string(rec.ID)), slog.String("tag", tag))
	return s.store.Get(ctx, rec.ID)
}

// record writes the row, asks the PBX, and notes what it said.
func (s *Service) record(ctx context.Context, c live, tag, remote string) (recording.Recording, error) {
	if err := s.o.Room(c.on.Name); err != nil {
		return recording.Recording{}, err
	}
	rec, err := s.newRecording(ctx, c, tag, remote)
	if err != nil {
		return rec, err
	}
	s.book.Begin(rec)
	if err := s.store.Add(ctx, rec); err != nil {
		s.book.Forget(rec.ID) // a row that was written all the same is settled like any other
		if recording.CodeOf(err) == recording.Conflict {
			err = fmt.Errorf("%w: %w", errTaken, err)
		}
		return rec, err
	}
	capture, err := c.on.Recorder.Record(ctx, c.Channel, rec.ID)
	s.book.NoteStart(c.on.Name, s.o.Now(), err)
	if err != nil {
		return rec, s.failed(ctx, rec, err)
	}
	now, err := s.began(ctx, rec, capture, recording.ReasonRecording)
	if recording.CodeOf(err) == recording.Conflict {
		return s.settledElsewhere(ctx, c, rec, capture, err)
	}
	return now, err
}

// newRecording fills in all that is known before the PBX is asked.
func (s *Service) newRecording(ctx context.Context, c live, tag, remote string) (recording.Recording, error) {
	now := s.now()
	id, err := recording.NewID(now, s.o.Random)
	if err != nil {
		return recording.Recording{}, err
	}
	callID, err := recording.NewID(now, s.o.Random)
	if err != nil {
		return recording.Recording{}, err
	}
	call := recording.Call{ID: string(callID), PBX: c.on.Name, LinkedID: c.LinkedID, StartedAt: c.CreatedAt, AnsweredAt: c.AnsweredAt}
	peers, err := c.on.Switch.Peers(ctx, c.Channel)
	if err != nil {
		return recording.Recording{}, err
	}
	for _, p := range peers {
		call.Parties = append(call.Parties, partyOf(p))
		if !p.CreatedAt.IsZero() && p.CreatedAt.Before(call.StartedAt) {
			call.StartedAt = p.CreatedAt
		}
	}
	rec := recording.Recording{
		ID: id, Call: call, State: recording.Starting, Reason: recording.Reason{Code: recording.ReasonAsked},
		PBX: c.on.Name, Channel: c.Name, UniqueID: c.UniqueID, Extension: c.Extension,
		AskedBy: remote, AskedAt: now, AnsweredAt: c.AnsweredAt,
	}
	if tag != "" {
		rec.Tags = []string{tag}
	}
	return rec, nil
}

func partyOf(c recording.Channel) recording.Party {
	return recording.Party{Channel: c.Name, UniqueID: c.UniqueID, Extension: c.Extension, CallerID: c.CallerID}
}

// began makes the step to Running. When the database fails here the PBX
// records and the row says Starting: the next look settles it, and so does
// the caller's next try.
func (s *Service) began(ctx context.Context, rec recording.Recording, capture recording.Capture, why recording.ReasonCode) (recording.Recording, error) {
	now := s.now()
	step := recording.Step{
		To: recording.Running, Reason: recording.Reason{Code: why}, At: now, Recorder: capture.Recorder,
		Handle: capture.Handle, StartedAt: now, Tracks: capture.Tracks,
		Said: strings.TrimSpace("by " + capture.Recorder + " " + capture.Handle),
	}
	if err := s.steps.Advance(ctx, &rec, step); err != nil {
		return rec, err
	}
	s.o.Log.InfoContext(ctx, "recording started", rec.Attrs()...)
	return rec, nil
}

// failed settles a start that the PBX refused. Where the outcome is not
// known (the connection broke, no answer in time) the row stays in Starting,
// and is settled by what the PBX says when it can be asked again.
func (s *Service) failed(ctx context.Context, rec recording.Recording, cause error) error {
	if errors.Is(cause, recording.ErrUncertain) {
		s.o.Log.WarnContext(ctx, "start not confirmed by the PBX", append(rec.Attrs(), slog.Any("err", cause))...)
		return cause
	}
	// Not the deadline of the start: it may be over.
	ctx, cancel := s.own(ctx)
	defer cancel()
	if err := s.steps.Advance(ctx, &rec, recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonRefused, Detail: recording.Message(cause)}, Said: causeOf(cause)}); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// causeOf is what the PBX answered, as far as a refusal holds it.
func causeOf(refusal error) string {
	var e *recording.Error
	if errors.As(refusal, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return ""
}
