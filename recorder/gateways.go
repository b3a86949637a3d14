package recorder

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"recgate/book"
	"recgate/recording"
)

// Several processes may share a database and stand in front of the same PBXs:
// each is a holder of leases by its own name (job.Claims). Every step is made
// by one of them (the store compares and sets), every channel is recorded by one
// start (Writer.Add), and work is claimed by a lease. This file is about starts,
// which a lease of their own would slow down.

// errTaken is wrapped by the Conflict of a start that came second: another
// process has begun to record the channel since it was looked at.
var errTaken = errors.New("another process begins to record the channel")

const (
	// lookAgain is the time between two looks at what another process does.
	lookAgain = 25 * time.Millisecond
	// answerTime is how much longer than its deadline a start may be under
	// way: its last action may be answered late.
	answerTime = time.Second
	// eventTime is how much later than its row the events of a channel may
	// reach another process.
	eventTime = 3 * time.Second
)

// underWayElsewhere returns for how much longer another process may be in the
// middle of this start: then what the PBX says of it means nothing yet, and
// nobody else may settle the row.
func (p *pbx) underWayElsewhere(rec recording.Recording) time.Duration {
	if p.Claims.IsAlone() || rec.State != recording.Starting || p.now().Sub(rec.AskedAt) > book.LongOver {
		return 0
	}
	return p.Book.UnderWay(rec.ID, p.Deadline+answerTime)
}

// awaitOther waits while another process is in the middle of a start, and
// returns the recording as it is then. Any other recording comes back at once.
func (p *pbx) awaitOther(ctx context.Context, rec recording.Recording) (recording.Recording, error) {
	for p.underWayElsewhere(rec) > 0 {
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return rec, &recording.Error{Code: recording.Unavailable, Msg: "an earlier action on this channel has not ended yet: try again", Err: ctx.Err()}
		}
		now, err := p.Rows.Get(ctx, rec.ID)
		if err != nil {
			return rec, err
		}
		rec = now
	}
	return rec, nil
}

// settleLater looks at one recording again, before the next sweep does.
func (p *pbx) settleLater(delay time.Duration, rec recording.Recording) {
	p.work.Add(delay, "settle "+string(rec.ID), func(ctx context.Context) {
		if err := p.settle(ctx, rec.ID, rec.UniqueID); err != nil && ctx.Err() == nil && !p.Steps.Raced(err) {
			p.Log.WarnContext(ctx, "recording of another process not settled for now", append(rec.Attrs(), slog.Any("err", err))...)
		}
	})
}

// unseenFor returns for how much longer a channel that the PBX's table does not
// hold may be too new for it: another process began to record it, and its
// events reach us a little later than its row.
func (p *pbx) unseenFor(rec recording.Recording) time.Duration {
	if p.Claims.IsAlone() || rec.State != recording.Running {
		return 0
	}
	return p.Book.UnderWay(rec.ID, eventTime)
}

// giveUp is for a start that the PBX confirmed after another process
// had settled its row: this one was too slow. It may have been taken over;
// else what was begun has no row that says so, and is ended.
func (p *pbx) giveUp(ctx context.Context, rec recording.Recording, capture recording.Capture, cause error) (recording.Recording, error) {
	ctx, cancel := p.withDeadline(ctx)
	defer cancel()
	now, found := p.Steps.Overtaken(ctx, rec.ID, cause, recording.Starting)
	if !found {
		return rec, cause
	}
	if now.State == recording.Running {
		return now, nil
	}
	rec.Recorder, rec.Handle, rec.Tracks = capture.Recorder, capture.Handle, capture.Tracks
	if err := p.Recorder.Stop(ctx, rec); err != nil && recording.CodeOf(err) != recording.NotFound {
		return rec, errors.Join(cause, err)
	}
	return now, &recording.Error{Code: recording.Unavailable, Msg: "the start took too long and was given up: try again", Err: cause}
}
