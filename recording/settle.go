package recording

import (
	"context"
)

// settleAll looks at every unfinished recording of a PBX: after a crash, a
// lost connection or a missed event, and as a matter of routine. What cannot
// be settled because the PBX is away waits for the next look.
func (s *Service) settleAll(ctx context.Context, p PBX) error {
	open, err := s.store.Open(ctx, p.Name())
	if err != nil {
		return err
	}
	var first error
	for _, rec := range open {
		s.book.Note(rec)
		s.limit(ctx, p, rec)
		if err := s.settle(ctx, p, rec.ID, rec.UniqueID); err != nil && first == nil && !s.steps.Raced(err) {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return first
}

// settle brings one unfinished recording in line with what the PBX and the
// spool say.
func (s *Service) settle(ctx context.Context, p PBX, id ID, uniqueID string) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
	defer cancel()
	unlock, err := s.locks.lock(ctx, p.Name(), uniqueID)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.store.Get(ctx, id) // it may have changed while the lock was not held
	if err != nil {
		return err
	}
	switch rec.State {
	case Starting:
		if s.leaveToOther(p, rec) {
			return nil
		}
		if rec, err = s.settleStarting(ctx, p, rec); err != nil {
			return err
		}
	case Collecting:
		if err := s.settleStopped(ctx, p, rec); err != nil {
			return err
		}
	}
	if rec.State == Running {
		if err := s.settleRunning(ctx, p, &rec); err != nil {
			return err
		}
	}
	// Another recording of the channel may have told that it is gone.
	if !rec.InProgress() && rec.State != Running {
		return nil
	}
	return s.settleGone(ctx, p, rec)
}

// settleStopped makes sure that what a row in Collecting says has ended did
// end, and has its files collected. The lock is held.
func (s *Service) settleStopped(ctx context.Context, p PBX, rec Recording) error {
	if err := s.stopAgain(ctx, p, rec); err != nil {
		return err
	}
	s.collectSoon(rec.ID)
	return nil
}

// settleRunning asks the PBX whether a recording does run. One that does not,
// although its channel lives, was ended by something else; or the PBX began
// anew and gave the unique id to another channel.
func (s *Service) settleRunning(ctx context.Context, p PBX, rec *Recording) error {
	capture, err := p.Reclaim(ctx, *rec)
	if CodeOf(err) == NotFound {
		return nil // settleGone sees to it
	}
	if err != nil || len(capture.Tracks) > 0 {
		return err
	}
	at := s.now()
	if seen := s.lastWritten(p, *rec); !seen.IsZero() {
		at = seen
	}
	return s.ended(ctx, rec, endedBy(*rec), at)
}

// settleGone ends a recording whose channel is gone without our having seen
// it hang up. When it ended is then what its file says.
func (s *Service) settleGone(ctx context.Context, p PBX, rec Recording) error {
	c, alive, err := s.alive(ctx, p, rec)
	if alive && rec.State == Running {
		s.watchGrowth(ctx, p, rec, c)
	}
	if err != nil || alive || s.notSeenYet(p, rec) {
		return err
	}
	at := s.now()
	if seen := s.lastWritten(p, rec); !seen.IsZero() {
		at = seen
	}
	if rec.State == Running {
		if err := s.ended(ctx, &rec, Reason{Code: ReasonHungUpUnseen}, at); err != nil {
			return err
		}
	}
	peers, err := p.Peers(ctx, Channel{PBX: p.Name(), LinkedID: rec.Call.LinkedID})
	if err != nil {
		return err
	}
	return s.store.ChannelEvent(ctx, ChannelNote{
		PBX: p.Name(), LinkedID: rec.Call.LinkedID, EndedAt: at, CallEnded: len(peers) == 0,
		Party: Party{Channel: rec.Channel, UniqueID: rec.UniqueID, Extension: rec.Extension},
	})
}

// alive finds the recorded channel among the live ones.
func (s *Service) alive(ctx context.Context, p PBX, rec Recording) (Channel, bool, error) {
	found, err := p.Find(ctx, Target{Text: rec.UniqueID, Name: rec.UniqueID})
	if err != nil {
		return Channel{}, false, err
	}
	for _, c := range found {
		if c.UniqueID == rec.UniqueID {
			return c, true, nil
		}
	}
	return Channel{}, false, nil
}

// settleStarting finds out what became of a start whose outcome is not
// known, and returns the recording in its new state. The lock is held.
func (s *Service) settleStarting(ctx context.Context, p PBX, rec Recording) (Recording, error) {
	capture, err := p.Reclaim(ctx, rec)
	switch {
	case CodeOf(err) == NotFound:
		return s.settleByFiles(ctx, p, rec, Reason{Code: ReasonHungUpAtStart})
	case err != nil:
		return rec, err
	case len(capture.Tracks) == 0:
		return s.settleByFiles(ctx, p, rec, Reason{Code: ReasonInterrupted})
	}
	return s.began(ctx, rec, capture, ReasonTakenOver)
}

// settleByFiles settles a start that does not run on the PBX (any more): it
// ran if there are files.
func (s *Service) settleByFiles(ctx context.Context, p PBX, rec Recording, why Reason) (Recording, error) {
	for _, tracks := range likelyTracks(rec) {
		files, err := openAll(p, tracks[:1])
		s.closeAll(ctx, files)
		switch {
		case err != nil:
			return rec, err
		case files[0].file == nil && !files[0].odd:
			continue
		}
		step := Step{To: Collecting, Reason: why, At: s.now(), StoppedAt: s.now(), Tracks: tracks}
		if err := s.steps.Advance(ctx, &rec, step); err != nil {
			return rec, err
		}
		s.collectSoon(rec.ID)
		return rec, nil
	}
	if _, err := p.Spool().Names(); err != nil {
		return rec, err // the files may be where nobody can look now
	}
	err := s.steps.Advance(ctx, &rec, Step{To: Failed, Reason: why.With(NoteNotBegun)})
	return rec, err
}
