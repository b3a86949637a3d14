package collect

import (
	"context"
	"log/slog"
	"time"

	"recgate/book"
	"recgate/recording"
	"recgate/spool"
)

// A PBX writes every 2.1 s (32 KiB of 8 kHz WAV), and fills in the sizes of
// the header when it closes the file. So a header that agrees with a file that
// holds sound is the PBX's own word that it is done. A file without is taken
// when it is seen that nobody writes to it any more; and where that cannot be
// seen, after it has not grown for so long that nobody can be expected to.
const (
	askWriter  = 200 * time.Millisecond // before that a PBX is about to close it
	stillShort = 5 * time.Second        // closed, and much shorter than its call
	stillEmpty = 3 * time.Second        // closed without sound, or just begun: both look the same
	stillOpen  = 45 * time.Second       // not closed: the PBX was killed, or is very late
	missingFor = 6 * time.Second        // no file at all
	sayHeld    = time.Minute            // after which a file that stays open is worth a line in the log

	// lookLatest is how late it may be noticed that a file was closed.
	lookLatest = time.Second
	// shorter is how much less sound than time in the call is nothing to
	// wonder at: a PBX begins late, leaves out frames, and ends early.
	shorter = 3 * time.Second
	// noSound is how short a call may be to leave nothing but a header.
	noSound = 500 * time.Millisecond
)

// awaitWriter returns when to look again at files of which some are there, and
// 0 when they can be taken; gone says then that nobody writes to them any more.
func (l *look) awaitWriter(w *book.Wait, still time.Duration) (wait time.Duration, gone bool) {
	done := l.closed && l.length > 0
	talked := expected(l.rec, w.Ran)
	switch {
	case done && talked-l.length <= shorter:
		return 0, false
	case !done && still < askWriter:
		return until(askWriter, still), false
	}
	switch heldOf(l.files) {
	case recording.HeldByWriter:
		w.Left = false
		return until(still+lookLatest, still), false
	case recording.HeldByNobody:
		if done || w.Left { // what was read before the answer may have been older
			return 0, true
		}
		w.Left = true
		return time.Millisecond, false
	}
	switch {
	case done:
		return until(stillShort, still), false
	case l.closed && talked <= noSound:
		return until(stillEmpty, still), false
	}
	return until(stillOpen, still), false
}

// heldOf reports who may write to one of the files.
func heldOf(files spool.Files) recording.Held {
	all := recording.HeldByNobody
	for _, f := range files {
		if f.Body == nil {
			continue
		}
		switch f.Body.Held() {
		case recording.HeldByWriter:
			return recording.HeldByWriter
		case recording.HeldUnseen:
			all = recording.HeldUnseen
		}
	}
	return all
}

// until returns when to look again: soon, as long as the time is not up.
func until(limit, still time.Duration) time.Duration {
	if still >= limit {
		return 0
	}
	return min(limit-still, lookLatest, 50*time.Millisecond+still/4)
}

// expected returns how much sound a recording can be expected to have: the time
// from its start to its stop in which its channel was up. What was counted here
// bounds what the times of the row say, since a clock may have been set.
func expected(rec recording.Recording, counted time.Duration) time.Duration {
	if rec.AnsweredAt.IsZero() || rec.StoppedAt.IsZero() {
		return 0
	}
	started := rec.StartedAt
	if started.IsZero() { // nobody heard the PBX confirm it
		started = rec.AskedAt
	}
	ran := rec.StoppedAt.Sub(started)
	if counted > 0 && (ran < 0 || ran > counted) {
		ran = counted
	}
	rang := max(0, rec.AnsweredAt.Sub(started))
	return max(0, ran-rang)
}

// sayHeldOpen logs once that a file stays open.
func (c *Collector) sayHeldOpen(ctx context.Context, w *book.Wait) {
	if !w.Said && time.Since(w.Since) > sayHeld {
		w.Said = true
		c.Log.WarnContext(ctx, "recording ended, and the PBX has not closed its file", append(w.Rec.Attrs(), slog.Int64("bytes", w.Size))...)
	}
}
