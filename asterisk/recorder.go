package asterisk

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"recgate/recording"
)

// stopDeadline is how long the stop after a failed start may take.
const stopDeadline = 5 * time.Second

// Record implements recording.Recorder. The file is waited for as long as
// Config.VerifyStart says, since Asterisk answers Success to starts that write
// no file; a start without a file is stopped again by its id.
func (p *PBX) Record(ctx context.Context, c recording.Channel, id recording.ID) (recording.Capture, error) {
	r, err := p.recorder(ctx)
	if err == nil {
		err = p.addressable(c)
	}
	if err != nil {
		return recording.Capture{}, err
	}
	tracks := r.tracks(c, id)
	handle, err := r.start(ctx, c, id)
	if err != nil {
		return recording.Capture{}, p.fault(err)
	}
	for i := range tracks {
		tracks[i].StartedAt = p.now()
	}
	if err := p.verify(ctx, c.UniqueID, tracks[0].File); err != nil {
		rec := recording.Recording{ID: id, UniqueID: c.UniqueID, Handle: handle}
		return recording.Capture{}, p.takeBack(ctx, r, rec, tracks, p.orModule(ctx, err))
	}
	p.spool.meet(tracks[0].File)
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
		seen, err := p.seen(file)
		if seen {
			return nil
		}
		if _, lives := p.table.Get(p.nowAt(uniqueID)); !lives {
			return errGone
		}
		if step < time.Millisecond {
			nap(step)
			continue
		}
		select {
		case <-time.After(step):
		case <-late.C:
			return p.unseen(err)
		case <-ctx.Done():
			return p.unseen(errors.Join(ctx.Err(), err))
		}
	}
}

// errEmpty says that a file is there with nothing in it, not even the header
// that Asterisk writes first: what it is told to record goes nowhere.
var errEmpty = errors.New("the file has no header")

// seen tells whether a spool file is there, can be read and has its header.
func (p *PBX) seen(file string) (bool, error) {
	f, err := p.spool.open(file)
	if err != nil {
		return false, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		err = errEmpty
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	return true, nil
}

// unseen says why a start failed and what to look at.
func (p *PBX) unseen(cause error) error {
	cause = errors.Join(recording.ErrNoFile, cause)
	if errors.Is(cause, fs.ErrPermission) {
		return p.unavailable(cause, "the PBX %q records, but recgate cannot read the file: give the recgate user read permission on the folder in the key mount", p.name)
	}
	if errors.Is(cause, errEmpty) {
		return p.unavailable(cause, "the PBX %q was asked to record, but its file stays empty: check whether the disk of the folder in the key spool is full", p.name)
	}
	return p.unavailable(cause, "the PBX %q was asked to record, but its file did not appear: check that Asterisk may write to the folder in the key spool, "+
		"and that the key mount is the same folder as seen by recgate", p.name)
}

// takeBack ends a recording whose start failed. The caller's deadline may be
// the very reason, so it has its own.
func (p *PBX) takeBack(ctx context.Context, r recorder, rec recording.Recording, tracks []recording.Track, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopDeadline)
	defer cancel()
	err := p.fault(r.stop(ctx, p.nowAt(rec.UniqueID), rec))
	switch {
	case errors.Is(err, errGone):
		cause = errGone
	case errors.Is(err, errEnded), err == nil:
	default: // it may run on, and its file may appear
		return p.because(cause, recording.ErrUncertain, err)
	}
	for _, t := range tracks {
		if err := p.spool.Remove(t.File); err != nil {
			return p.because(cause, err)
		}
	}
	return cause
}

// because is a cause with more causes, for the log.
func (p *PBX) because(cause error, more ...error) error {
	return &recording.Error{Code: recording.CodeOf(cause), Msg: recording.Message(cause), Err: errors.Join(append(more, cause)...)}
}

// Stop implements recording.Recorder. A recording is stopped by what began
// it, also when the configuration has changed since.
func (p *PBX) Stop(ctx context.Context, rec recording.Recording) error {
	r, err := p.recorderOf(ctx, rec)
	if err != nil {
		return err
	}
	return p.fault(r.stop(ctx, p.nowAt(rec.UniqueID), rec))
}

// recorderOf returns the recorder that a recording was begun by: the one that
// its row names, else the one whose file is there, else the present one.
func (p *PBX) recorderOf(ctx context.Context, rec recording.Recording) (recorder, error) {
	if err := sendable(rec.UniqueID); err != nil {
		return nil, err
	}
	chosen, err := p.recorder(ctx) // waits until the rights are known, too
	for _, r := range []recorder{mixMonitor{p}, monitor{p}} {
		if r.name() == rec.Recorder {
			return r, nil
		}
	}
	for _, r := range []recorder{mixMonitor{p}, monitor{p}} {
		if seen, _ := p.seen(r.tracks(recording.Channel{}, rec.ID)[0].File); seen {
			return r, nil
		}
	}
	if err != nil { // whoever began it, none can be started: ask by what needs least
		return mixMonitor{p}, nil
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
	if err := p.await(ctx); err != nil {
		return none, err
	}
	uniqueID := p.nowAt(rec.UniqueID)
	c, lives := p.table.Get(uniqueID)
	if !lives {
		return none, errGone
	}
	tracks := p.reclaimed(r, c, rec)
	file := tracks[0].File
	seen, _ := p.seen(file)
	if seen {
		p.spool.meet(file)
	}
	handle, is, err := r.reclaim(ctx, uniqueID, rec, seen)
	if err != nil {
		return none, p.fault(err)
	}
	switch {
	case is == over:
		return none, nil
	case seen:
	case p.verifyStart <= 0 || p.verify(ctx, uniqueID, file) != nil:
		rec.Handle = handle
		if err := p.fault(r.stop(ctx, uniqueID, rec)); err != nil && recording.CodeOf(err) != recording.NotFound {
			return none, err
		}
		return none, nil
	}
	return recording.Capture{Recorder: r.name(), Handle: handle, Tracks: tracks}, nil
}

// reclaimed returns the tracks of a row, made anew if it has none.
func (p *PBX) reclaimed(r recorder, c recording.Channel, rec recording.Recording) []recording.Track {
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
