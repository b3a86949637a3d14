package asterisk

import (
	"context"
	"errors"
	"time"

	"recgate/recording"
)

// stopDeadline is how long the stop after a failed start may take.
const stopDeadline = 5 * time.Second

// Record implements recording.Recorder. The file is waited for as long as
// Config.VerifyStart says, since Asterisk answers Success to starts that write
// no file; a start without a file is stopped again by its id.
func (p *PBX) Record(ctx context.Context, c recording.Channel, id recording.ID) (recording.Capture, error) {
	r, err := p.recorders.present(ctx)
	if err == nil {
		err = p.addressable(c)
	}
	if err != nil {
		return recording.Capture{}, err
	}
	tracks := r.tracks(c, id)
	handle, err := r.start(ctx, c, id)
	if err != nil {
		return recording.Capture{}, p.account.fault(err)
	}
	for i := range tracks {
		tracks[i].StartedAt = p.now()
	}
	if err := p.verify(ctx, c.UniqueID, tracks[0].File); err != nil {
		rec := recording.Recording{ID: id, UniqueID: c.UniqueID, Handle: handle}
		return recording.Capture{}, p.takeBack(ctx, r, rec, tracks, p.server.explainNoFile(ctx, err))
	}
	p.spool.lookForWriter(tracks[0].File)
	return recording.Capture{Recorder: r.name(), Handle: handle, Tracks: tracks}, nil
}

// verify waits until the file can be opened. It looks often at first, for
// Asterisk mostly has it ready, and every 20 ms later on.
func (p *PBX) verify(ctx context.Context, uniqueID, file string) error {
	if p.verifyStart <= 0 {
		return nil
	}
	late := time.NewTimer(p.verifyStart)
	defer late.Stop()
	for step := 50 * time.Microsecond; ; step = min(step+step/4, 20*time.Millisecond) {
		err := p.spool.begun(file)
		if err == nil {
			return nil
		}
		if _, lives := p.table.Get(p.pickups.follow(uniqueID)); !lives {
			return errGone
		}
		if step < time.Millisecond {
			nap(step)
			continue
		}
		select {
		case <-time.After(step):
		case <-late.C:
			return p.account.noFile(err)
		case <-ctx.Done():
			return p.account.noFile(errors.Join(ctx.Err(), err))
		}
	}
}

// takeBack ends a recording whose start failed. The caller's deadline may be
// the very reason, so it has its own.
func (p *PBX) takeBack(ctx context.Context, r recorder, rec recording.Recording, tracks []recording.Track, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopDeadline)
	defer cancel()
	err := p.account.fault(r.stop(ctx, p.pickups.follow(rec.UniqueID), rec))
	switch {
	case errors.Is(err, errGone):
		cause = errGone
	case errors.Is(err, errEnded), err == nil:
	default: // it may run on, and its file may appear
		return because(cause, recording.ErrUncertain, err)
	}
	for _, t := range tracks {
		if err := p.spool.Remove(t.File); err != nil {
			return because(cause, err)
		}
	}
	return cause
}

// Stop implements recording.Recorder. A recording is stopped by what began
// it, also when the configuration has changed since.
func (p *PBX) Stop(ctx context.Context, rec recording.Recording) error {
	r, err := p.recorderOf(ctx, rec)
	if err != nil {
		return err
	}
	return p.account.fault(r.stop(ctx, p.pickups.follow(rec.UniqueID), rec))
}

// recorderOf returns the recorder that a recording was begun by: the one that
// its row names, else the one whose file is there, else the present one.
func (p *PBX) recorderOf(ctx context.Context, rec recording.Recording) (recorder, error) {
	if err := sendable(rec.UniqueID); err != nil {
		return nil, err
	}
	chosen, err := p.recorders.present(ctx) // waits until the rights are known, too
	for _, r := range p.recorders.both() {
		if r.name() == rec.Recorder {
			return r, nil
		}
	}
	for _, r := range p.recorders.both() {
		if p.spool.begun(r.tracks(recording.Channel{}, rec.ID)[0].File) == nil {
			return r, nil
		}
	}
	if err != nil { // none can be started now: ask by the one that needs least
		return mixMonitor{p.recorders}, nil
	}
	return chosen, nil
}

// Reclaim implements recording.Recorder. The PBX is asked where the user may
// ask, so that a recording that something else ended is noticed. One that the
// PBX began, but whose file does not appear, is stopped and counts as never begun.
func (p *PBX) Reclaim(ctx context.Context, rec recording.Recording) (recording.Capture, error) {
	none := recording.Capture{}
	r, err := p.recorderOf(ctx, rec)
	if err != nil {
		return none, err
	}
	if err := p.session.await(ctx); err != nil {
		return none, err
	}
	uniqueID := p.pickups.follow(rec.UniqueID)
	c, lives := p.table.Get(uniqueID)
	if !lives {
		return none, errGone
	}
	tracks := tracksOf(r, c, rec)
	file := tracks[0].File
	seen := p.spool.begun(file) == nil
	if seen {
		p.spool.lookForWriter(file)
	}
	handle, runs, err := r.reclaim(ctx, uniqueID, rec, seen)
	if err != nil {
		return none, p.account.fault(err)
	}
	switch {
	case !runs:
		return none, nil
	case seen:
	case p.verifyStart <= 0 || p.verify(ctx, uniqueID, file) != nil:
		rec.Handle = handle
		if err := p.account.fault(r.stop(ctx, uniqueID, rec)); err != nil && recording.CodeOf(err) != recording.NotFound {
			return none, err
		}
		return none, nil
	}
	return recording.Capture{Recorder: r.name(), Handle: handle, Tracks: tracks}, nil
}

// tracksOf returns the tracks of a row, or makes them if it has none.
func tracksOf(r recorder, c recording.Channel, rec recording.Recording) []recording.Track {
	if len(rec.Tracks) > 0 {
		return rec.Tracks
	}
	tracks := r.tracks(c, rec.ID)
	for i := range tracks {
		if tracks[i].StartedAt = rec.StartedAt; rec.StartedAt.IsZero() {
			tracks[i].StartedAt = rec.AskedAt
		}
	}
	return tracks
}
