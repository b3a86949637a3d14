package recorder

import (
	"context"
	"log/slog"
	"time"

	"recgate/recording"
	"recgate/spool"
)

// settle brings one unfinished recording in line with what the PBX and the
// spool say.
func (p *pbx) settle(ctx context.Context, id recording.ID, uniqueID string) error {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	unlock, err := p.lock(ctx, uniqueID)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := p.Rows.Get(ctx, id) // it may have changed while the lock was not held
	if err != nil {
		return err
	}
	switch rec.State {
	case recording.Starting:
		if left := p.underWayElsewhere(rec); left > 0 {
			p.settleLater(left, rec)
			return nil
		}
		if rec, err = p.settleStarting(ctx, rec); err != nil {
			return err
		}
	case recording.Collecting:
		if err := p.settleStopped(ctx, rec); err != nil {
			return err
		}
	}
	if rec.State == recording.Running {
		if err := p.settleRunning(ctx, &rec); err != nil {
			return err
		}
	}
	// Another recording of the channel may have shown that it is gone.
	if !rec.InProgress() && rec.State != recording.Running {
		return nil
	}
	return p.settleGone(ctx, rec)
}

// settleStopped makes sure that what a row in Collecting says has ended did
// end, and has its files collected. The lock is held.
func (p *pbx) settleStopped(ctx context.Context, rec recording.Recording) error {
	if err := p.stopAgain(ctx, rec); err != nil {
		return err
	}
	p.Collector.Collect(rec.ID)
	return nil
}

// settleRunning asks the PBX whether a recording does run. One that does not,
// although its channel lives, was ended by something else; or the PBX began
// again and gave the unique id to another channel.
func (p *pbx) settleRunning(ctx context.Context, rec *recording.Recording) error {
	capture, err := p.Recorder.Reclaim(ctx, *rec)
	if recording.CodeOf(err) == recording.NotFound {
		return nil // settleGone sees to it
	}
	if err != nil || len(capture.Tracks) > 0 {
		return err
	}
	return p.end(ctx, rec, reasonOfEnd(*rec), p.guessEnd(ctx, *rec))
}

// guessEnd says when a recording ended whose end nobody saw: when the PBX last
// wrote to its files, or now.
func (p *pbx) guessEnd(ctx context.Context, rec recording.Recording) time.Time {
	if seen := p.files.LastWritten(ctx, p.PBX, rec.Tracks); !seen.IsZero() {
		return seen
	}
	return p.now()
}

// settleGone ends a recording whose channel is gone without our having seen
// it hang up. When it ended is then what its file says.
func (p *pbx) settleGone(ctx context.Context, rec recording.Recording) error {
	c, lives, err := p.findChannel(ctx, rec)
	if lives && rec.State == recording.Running {
		p.watchGrowth(ctx, rec, c)
	}
	if err != nil || lives {
		return err
	}
	if left := p.unseenFor(rec); left > 0 {
		p.settleLater(left, rec)
		return nil
	}
	at := p.guessEnd(ctx, rec)
	if rec.State == recording.Running {
		if err := p.end(ctx, &rec, recording.Reason{Code: recording.ReasonHungUpUnseen}, at); err != nil {
			return err
		}
	}
	peers, err := p.Switch.Peers(ctx, recording.Channel{PBX: p.Name, LinkedID: rec.Call.LinkedID})
	if err != nil {
		return err
	}
	return p.Writer.ChannelEvent(ctx, recording.ChannelNote{
		PBX: p.Name, LinkedID: rec.Call.LinkedID, EndedAt: at, CallEnded: len(peers) == 0,
		Party: recording.Party{Channel: rec.Channel, UniqueID: rec.UniqueID, Extension: rec.Extension},
	})
}

// findChannel finds the recorded channel among the live ones.
func (p *pbx) findChannel(ctx context.Context, rec recording.Recording) (recording.Channel, bool, error) {
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
func (p *pbx) settleStarting(ctx context.Context, rec recording.Recording) (recording.Recording, error) {
	capture, err := p.Recorder.Reclaim(ctx, rec)
	switch {
	case recording.CodeOf(err) == recording.NotFound:
		return p.settleByFiles(ctx, rec, recording.Reason{Code: recording.ReasonHungUpAtStart})
	case err != nil:
		return rec, err
	case len(capture.Tracks) == 0:
		return p.settleByFiles(ctx, rec, recording.Reason{Code: recording.ReasonInterrupted})
	}
	return p.confirm(ctx, rec, capture, recording.ReasonTakenOver)
}

// settleByFiles settles a start that does not run on the PBX (any more): it
// ran if there are files.
func (p *pbx) settleByFiles(ctx context.Context, rec recording.Recording, why recording.Reason) (recording.Recording, error) {
	for _, tracks := range recording.LikelyTracks(rec) {
		there, err := p.files.AnyThere(ctx, p.PBX, tracks[:1])
		if err != nil {
			return rec, err
		}
		if !there {
			continue
		}
		step := recording.Step{To: recording.Collecting, Reason: why, At: p.now(), StoppedAt: p.now(), Tracks: tracks}
		if err := p.Steps.Advance(ctx, &rec, step); err != nil {
			return rec, err
		}
		p.Collector.Collect(rec.ID)
		return rec, nil
	}
	if _, err := p.Spool.Names(); err != nil {
		return rec, err // the files may be where nobody can look now
	}
	err := p.Steps.Advance(ctx, &rec, recording.Step{To: recording.Failed, Reason: why.With(recording.NoteNotBegun)})
	return rec, err
}

// watchGrowth reports a recording whose file has stopped growing although its
// channel talks. It may be silence that the telephone does not send, so the
// recording goes on.
func (p *pbx) watchGrowth(ctx context.Context, rec recording.Recording, c recording.Channel) {
	size, err := p.files.Size(ctx, p.PBX, rec.Tracks)
	if err != nil {
		return // a start and the collecting say so
	}
	talking := c.State == recording.Up && c.Bridge != "" && !c.OnHold && size >= spool.SomeSound
	if p.Book.Grow(rec.ID, size, talking) {
		p.Log.ErrorContext(ctx, "recording has stopped growing", append(rec.Attrs(), slog.Int64("bytes", size))...)
	}
}
