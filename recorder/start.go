package recorder

import (
	"context"
	"crypto/rand"
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
func (r *Recorder) Start(ctx context.Context, q recording.StartRequest) (rec recording.Recording, err error) {
	if err := q.Actor.May(recording.MethodStart); err != nil {
		return rec, err
	}
	defer func() { r.Happened(recording.Happening{Kind: recording.Started, Recording: rec, Err: err}) }()
	t, err := r.target(q.Target, q.PBX)
	if err != nil {
		return rec, err
	}
	tag, err := recording.CheckText("tag", q.Tag)
	if err != nil {
		return rec, err
	}
	ctx, cancel := r.withDeadline(ctx)
	defer cancel()
	found, err := r.find(ctx, t)
	if err != nil {
		return rec, err
	}
	c := found[0]
	unlock, err := c.on.lock(ctx, c.UniqueID)
	if err != nil {
		return rec, err
	}
	defer unlock()
	for tries := 1; ; tries++ {
		running, err := c.on.findRunning(ctx, c.UniqueID)
		if err != nil {
			return rec, err
		}
		if running != nil {
			return r.addTag(ctx, *running, tag, q.Actor.Remote)
		}
		rec, err := r.record(ctx, c, tag, q.Actor.Remote)
		if !errors.Is(err, errTaken) || tries == 3 {
			return rec, err
		}
		// Another process has just begun: look again what became of it.
	}
}

// findRunning returns what recgate records on the channel, or nil. A row that a
// crash left in Starting is settled first, one that says Running is only
// believed when the PBX confirms it, and one whose stop a crash interrupted is
// stopped: a start that is answered with success must record, and nothing
// beside it. The channel's lock is held.
func (p *pbx) findRunning(ctx context.Context, uniqueID string) (*recording.Recording, error) {
	open, err := p.Rows.OnChannel(ctx, p.Name, uniqueID)
	if err != nil {
		return nil, err
	}
	for _, rec := range open {
		if rec, err = p.awaitOther(ctx, rec); err != nil {
			return nil, err
		}
		switch rec.State {
		case recording.Starting:
			rec, err = p.settleStarting(ctx, rec)
		case recording.Running:
			err = p.settleRunning(ctx, &rec)
		case recording.Collecting:
			if !p.Book.Waits(rec.ID) { // else it is known to have ended
				err = p.settleStopped(ctx, rec)
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

// addTag adds a tag to a recording that runs.
func (r *Recorder) addTag(ctx context.Context, rec recording.Recording, tag, by string) (recording.Recording, error) {
	if tag == "" {
		return rec, nil
	}
	if err := r.Writer.AddTag(ctx, rec.ID, tag, by, r.now()); err != nil {
		return rec, err
	}
	r.Log.InfoContext(ctx, "tag added to a running recording", slog.String("recording", string(rec.ID)), slog.String("tag", tag))
	return r.Rows.Get(ctx, rec.ID)
}

// record writes the row, asks the PBX, and notes what it said.
func (r *Recorder) record(ctx context.Context, c live, tag, remote string) (recording.Recording, error) {
	if err := r.Room(c.on.Name); err != nil {
		return recording.Recording{}, err
	}
	rec, err := c.newRow(ctx, tag, remote)
	if err != nil {
		return rec, err
	}
	r.Book.Begin(rec)
	if err := r.Writer.Add(ctx, rec); err != nil {
		r.Book.Forget(rec.ID) // a row that was written all the same is settled like any other
		if recording.CodeOf(err) == recording.Conflict {
			err = fmt.Errorf("%w: %w", errTaken, err)
		}
		return rec, err
	}
	capture, err := c.on.Recorder.Record(ctx, c.Channel, rec.ID)
	r.Book.NoteStart(c.on.Name, r.Now(), err)
	if err != nil {
		return rec, r.fail(ctx, rec, err)
	}
	now, err := c.on.confirm(ctx, rec, capture, recording.ReasonRecording)
	if recording.CodeOf(err) == recording.Conflict {
		return c.on.giveUp(ctx, rec, capture, err)
	}
	return now, err
}

// newRow fills in all that is known before the PBX is asked.
func (c live) newRow(ctx context.Context, tag, remote string) (recording.Recording, error) {
	now := c.on.now()
	id, err := recording.NewID(now, rand.Reader)
	if err != nil {
		return recording.Recording{}, err
	}
	callID, err := recording.NewID(now, rand.Reader)
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

// confirm makes the step to Running. When the database fails here the PBX
// records and the row says Starting: the next look settles it, and so does
// the caller's next try.
func (p *pbx) confirm(ctx context.Context, rec recording.Recording, capture recording.Capture, why recording.ReasonCode) (recording.Recording, error) {
	now := p.now()
	step := recording.Step{
		To: recording.Running, Reason: recording.Reason{Code: why}, At: now, Recorder: capture.Recorder,
		Handle: capture.Handle, StartedAt: now, Tracks: capture.Tracks,
		Said: strings.TrimSpace("by " + capture.Recorder + " " + capture.Handle),
	}
	if err := p.Steps.Advance(ctx, &rec, step); err != nil {
		return rec, err
	}
	p.Log.InfoContext(ctx, "recording started", rec.Attrs()...)
	return rec, nil
}

// fail settles a start that the PBX refused. Where the outcome is not
// known (the connection broke, no answer in time) the row stays in Starting,
// and is settled by what the PBX says when it can be asked again.
func (r *Recorder) fail(ctx context.Context, rec recording.Recording, cause error) error {
	if errors.Is(cause, recording.ErrUncertain) {
		r.Log.WarnContext(ctx, "start not confirmed by the PBX", append(rec.Attrs(), slog.Any("err", cause))...)
		return cause
	}
	// Not the deadline of the start: it may be over.
	ctx, cancel := r.withDeadline(ctx)
	defer cancel()
	reason := recording.Reason{Code: recording.ReasonRefused, Detail: recording.Message(cause)}
	if err := r.Steps.Advance(ctx, &rec, recording.Step{To: recording.Failed, Reason: reason, Said: causeOf(cause)}); err != nil {
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
