package recorder

import (
	"context"

	"recgate/recording"
)

// settleAll looks at every unfinished recording of a PBX: after a crash, a
// lost connection or a missed event, and as a matter of routine. What cannot
// be settled because the PBX is away waits for the next look.
func (s *Service) settleAll(ctx context.Context, p recording.PBX) error {
	open, err := s.store.Open(ctx, p.Name)
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
func (s *Service) settle(ctx context.Context, p recording.PBX, id recording.ID, uniqueID string) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Deadline)
	defer cancel()
	unlock, err := s.locks.Lock(ctx, channelKey{p.Name, uniqueID})
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.store.Get(ctx, id) // it may have changed while the lock was not held
	if err != nil {
		return err
	}
	switch rec.State {
	case recording.Starting:
		if s.leaveToOther(p, rec) {
			return nil
		}
		if rec, err = s.settleStarting(ctx, p, rec); err != nil {
			return err
		}
	case recording.Collecting:
		if err := s.settleStopped(ctx, p, rec); err != nil {
			return err
		}
	}
	if rec.State == recording.Running {
		if err := s.settleRunning(ctx, p, &rec); err != nil {
			return err
		}
	}
	// Another recording of the channel may have told that it is gone.
	if !rec.InProgress() && rec.State != recording.Running {
		return nil
	}
	return s.settleGone(ctx, p, rec)
}

// settleStopped makes sure that what a row in Collecting says has ended did
// end, and has its files collected. The lock is held.
func (s *Service) settleStopped(ctx context.Context, p recording.PBX, rec recording.Recording) error {
	if err := s.stopAgain(ctx, p, rec); err != nil {
		return err
	}
	s.collectSoon(rec.ID)
	return nil
}

// settleRunning asks the PBX whether a recording does run. One that does not,
// although its channel lives, was ended by something else; or the PBX began
// again and gave the unique id to another channel.
func (s *Service) settleRunning(ctx context.Context, p recording.PBX, rec *recording.Recording) error {
	capture, err := p.Recorder.Reclaim(ctx, *rec)
	if recording.CodeOf(err) == recording.NotFound {
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
func (s *Service) settleGone(ctx context.Context, p recording.PBX, rec recording.Recording) error {
	c, alive, err := s.alive(ctx, p, rec)
	if alive && rec.State == recording.Running {
		s.watchGrowth(ctx, p, rec, c)
	}
	if err != nil || alive || s.notSeenYet(p, rec) {
		return err
	}
	at := s.now()
	if seen := s.lastWritten(p, rec); !seen.IsZero() {
		at = seen
	}
	if rec.State == recording.Running {
		if err := s.ended(ctx, &rec, recording.Reason{Code: recording.ReasonHungUpUnseen}, at); err != nil {
			return err
		}
	}
	peers, err := p.Switch.Peers(ctx, recording.Channel{PBX: p.Name, LinkedID: rec.Call.LinkedID})
	if err != nil {
		return err
	}
	return s.store.ChannelEvent(ctx, recording.ChannelNote{
		PBX: p.Name, LinkedID: rec.Call.LinkedID, EndedAt: at, CallEnded: len(peers) == 0,
		Party: recording.Party{Channel: rec.Channel, UniqueID: rec.UniqueID, Extension: rec.Extension},
	})
}

// alive finds the recorded channel among the live ones.
func (s *Service) alive(ctx context.Context, p recording.PBX, rec recording.Recording) (recording.Channel, bool, error) {
	found, err := p.Switch.Find(ctx, recording.Target{Text: rec.UniqueID, Name: rec.UniqueID})
	if err != nil {
		return recording.Channel{}, false, err
	}
	for _, c := range found {
		if c.UniqueID == rec.UniqueID {
			return c, true, nil
		}
	}
	return recording.Channel{}, false, nil
}

// settleStarting finds out what became of a start whose outcome is not
// known, and returns the recording in its new state. The lock is held.
func (s *Service) settleStarting(ctx context.Context, p recording.PBX, rec recording.Recording) (recording.Recording, error) {
	capture, err := p.Recorder.Reclaim(ctx, rec)
	switch {
	case recording.CodeOf(err) == recording.NotFound:
		return s.settleByFiles(ctx, p, rec, recording.Reason{Code: recording.ReasonHungUpAtStart})
	case err != nil:
		return rec, err
	case len(capture.Tracks) == 0:
		return s.settleByFiles(ctx, p, rec, recording.Reason{Code: recording.ReasonInterrupted})
	}
	return s.began(ctx, rec, capture, recording.ReasonTakenOver)
}

// settleByFiles settles a start that does not run on the PBX (any more): it
// ran if there are files.
func (s *Service) settleByFiles(ctx context.Context, p recording.PBX, rec recording.Recording, why recording.Reason) (recording.Recording, error) {
	for _, tracks := range recording.LikelyTracks(rec) {
		files, err := openAll(p, tracks[:1])
		s.closeAll(ctx, files)
		switch {
		case err != nil:
			return rec, err
		case files[0].file == nil && !files[0].odd:
			continue
		}
		step := recording.Step{To: recording.Collecting, Reason: why, At: s.now(), StoppedAt: s.now(), Tracks: tracks}
		if err := s.steps.Advance(ctx, &rec, step); err != nil {
			return rec, err
		}
		s.collectSoon(rec.ID)
		return rec, nil
	}
	if _, err := p.Spool.Names(); err != nil {
		return rec, err // the files may be where nobody can look now
	}
	err := s.steps.Advance(ctx, &rec, recording.Step{To: recording.Failed, Reason: why.With(recording.NoteNotBegun)})
	return rec, err
}
