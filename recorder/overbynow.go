package recorder

import (
	"context"
	"time"

	"recgate/recording"
)

// overByNow returns a recording whose call is in progress as far as is known,
// as it is when the news of its PBX are heard: a caller may know of the hangup
// sooner than we do. When the channel is gone it waits, not for longer than
// until patient, until that is in the row.
func (s *Service) overByNow(ctx context.Context, c recording.Candidate, patient time.Time) recording.Candidate {
	ctx, cancel := context.WithDeadline(ctx, patient)
	defer cancel()
	rec, err := s.store.Get(ctx, c.ID)
	if err != nil {
		return c
	}
	p, is := s.pbxs.Named(rec.PBX)
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
		if now, err := s.store.Get(ctx, c.ID); err == nil {
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
