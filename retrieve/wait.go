package retrieve

import (
	"context"
	"time"

	"recgate/recording"
)

// hear returns a recording whose call is in progress as far as is known,
// as it is when the news of its PBX are heard: a caller may know of the hangup
// sooner than we do. When the channel is gone it waits, not for longer than
// until until, until that is in the row.
func (r *Retriever) hear(ctx context.Context, c recording.Candidate, until time.Time) recording.Candidate {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	rec, err := r.Rows.Get(ctx, c.ID)
	if err != nil {
		return c
	}
	p, is := r.PBXs.Named(rec.PBX)
	if !is {
		return rec.Candidate()
	}
	p.Switch.Hear(ctx)
	if lives, err := inTable(ctx, p, rec); lives || err != nil {
		return rec.Candidate()
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for rec.InProgress() {
		select {
		case <-ctx.Done():
			return rec.Candidate()
		case <-tick.C:
		}
		if now, err := r.Rows.Get(ctx, c.ID); err == nil {
			rec = now
		}
	}
	return rec.Candidate()
}

// inTable reports whether the channel of a recording lives. Unlike Find it
// makes the PBX list nothing.
func inTable(ctx context.Context, p recording.PBX, rec recording.Recording) (bool, error) {
	peers, err := p.Switch.Peers(ctx, recording.Channel{PBX: p.Name, UniqueID: rec.UniqueID, LinkedID: rec.Call.LinkedID})
	for _, c := range peers {
		if c.UniqueID == rec.UniqueID {
			return true, nil
		}
	}
	return false, err
}

// notYet is the refusal of a recording that is still on its way to the archive:
// with what stands in its way, if a caller may know.
func (r *Retriever) notYet(id recording.ID) error {
	if why := r.Book.WhyDelayed(id); recording.CodeOf(why) == recording.Unavailable {
		return &recording.Error{Code: recording.Unavailable, Msg: "the recording is kept but cannot be collected for now: " + recording.Message(why), Err: why}
	}
	return recording.Errorf(recording.NotReady, "the recording is still being collected: try again in a moment")
}

// patience is how long a retrieval waits for recordings that are being collected,
// with all of them together.
const patience = 3 * time.Second

// lastLooks is how long it may take, when the patience is over, to see which
// of the others has been collected meanwhile.
const lastLooks = 500 * time.Millisecond

// awaitCollected waits a little for a recording that is on its way to the
// archive, since many callers retrieve at once after the stop. It looks once
// when the patience is over already, and no more soon after that.
func (r *Retriever) awaitCollected(ctx context.Context, rec recording.Candidate, until time.Time) (recording.Candidate, error) {
	ctx, cancel := context.WithDeadline(ctx, until.Add(lastLooks))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		late := !time.Now().Before(until)
		if !late {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
		if ctx.Err() != nil {
			return rec, nil
		}
		now, err := r.Rows.Get(ctx, rec.ID)
		if err != nil && ctx.Err() == nil {
			return rec, err
		}
		if err == nil {
			rec = now.Candidate()
		}
		if late || rec.State.Final() {
			return rec, nil
		}
	}
}
