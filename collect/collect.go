package collect

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/recording"
	"recgate/spool"
)

// collecting begins the names of jobs and leases of collecting.
const collecting = "collect "

// collectLater collects a recording after a delay, and tries again as long as
// that makes sense.
func (c *Collector) collectLater(delay time.Duration, w *book.Wait) {
	c.collects.Add(delay, collecting+string(w.ID), func(ctx context.Context) {
		unlock, err := c.locks.Lock(ctx, w.ID)
		if err != nil {
			return // only when ctx has ended
		}
		defer unlock()
		again := c.lookAgain(ctx, w)
		if again == 0 {
			again, err = c.claim(ctx, w)
		}
		if ctx.Err() != nil {
			return
		}
		c.Book.Delay(w.ID, err)
		if err != nil {
			again = c.putOff(ctx, w, err)
		}
		if again > 0 {
			c.collectLater(again, w)
		} else {
			c.Book.EndWait(w.ID)
		}
	})
}

// putOff says when to try again after a failure that may pass, such as a
// full archive or a database that is away.
func (c *Collector) putOff(ctx context.Context, w *book.Wait, err error) time.Duration {
	w.Tries++
	c.Happened(recording.Happening{Kind: recording.Retried, Recording: recording.Recording{ID: w.ID}, Err: err})
	level := slog.LevelWarn
	if w.Tries > 1 {
		level = slog.LevelDebug // the first said it; the metric goes on counting
	}
	c.Log.Log(ctx, level, "recording not collected for now", slog.String("recording", string(w.ID)), slog.Any("err", err))
	return min(200*time.Millisecond<<min(w.Tries, 8), 15*time.Second)
}

// lookAgain looks again at files that have to be waited for, and says when
// to look the next time; 0 when there is more to be found out than that. As
// long as nothing is done, neither row nor lease is asked for.
func (c *Collector) lookAgain(ctx context.Context, w *book.Wait) time.Duration {
	if w.Rec == nil {
		return 0
	}
	p, _ := c.PBXs.Named(w.Rec.PBX)
	files, err := spool.Open(p, w.Rec.Tracks)
	defer func() { files.Close(ctx, c.Log) }()
	if err != nil || files.Missing() {
		return 0
	}
	c.sayHeldOpen(ctx, w)
	return c.lookAt(p, *w.Rec, files, w).wait
}

// claim is collect for one of several processes.
func (c *Collector) claim(ctx context.Context, w *book.Wait) (again time.Duration, err error) {
	if c.Claims.IsAlone() {
		return c.collect(ctx, w)
	}
	if rec, err := c.Rows.Get(ctx, w.ID); err != nil || rec.State != recording.Collecting {
		return 0, err // another process was faster: the lease costs two commits
	}
	mine, err := c.Claims.Do(ctx, collecting+string(w.ID), func(ctx context.Context) (err error) {
		again, err = c.collect(ctx, w)
		return err
	})
	if err == nil && !mine {
		again = job.AskAgain
	}
	if _, overtaken := c.Steps.Overtaken(ctx, w.ID, err, recording.Collecting); overtaken {
		return 0, nil
	}
	return again, err
}

// collect makes the step out of Collecting, or says when to look again.
func (c *Collector) collect(ctx context.Context, w *book.Wait) (again time.Duration, err error) {
	rec, err := c.Rows.Get(ctx, w.ID)
	if err != nil || rec.State != recording.Collecting {
		return 0, err
	}
	p, configured := c.PBXs.Named(rec.PBX)
	if !configured {
		return 0, recording.Errorf(recording.Unavailable, "the PBX %q of the recording is no longer configured", rec.PBX)
	}
	files, err := spool.Open(p, rec.Tracks)
	defer func() { files.Close(ctx, c.Log) }()
	if err == nil {
		err = checkFolder(p, files, w)
	}
	if err != nil {
		return 0, err
	}
	l := c.lookAt(p, rec, files, w)
	w.Rec = &rec
	if l.wait > 0 {
		return l.wait, nil
	}
	switch again, err := c.take(ctx, l); {
	case err != nil || again > 0:
		return again, err
	case !l.stays:
		c.clear(ctx, l)
	}
	return 0, nil
}

// checkFolder fails when files are missing together with their folder: then
// nothing is lost, and the wait for them begins when the folder is back.
func checkFolder(p recording.PBX, files spool.Files, w *book.Wait) error {
	if !files.Missing() {
		return nil
	}
	_, err := p.Spool.Names()
	if err != nil {
		w.Since = time.Time{}
	}
	return err
}

// take makes the step that a look at the files has led to, or says when to
// look again because they have changed meanwhile.
func (c *Collector) take(ctx context.Context, l look) (again time.Duration, err error) {
	rec := l.rec
	step := recording.Step{To: recording.Ready, Reason: rec.Reason}
	switch held := false; {
	case l.lost.Code == recording.ReasonNoFile:
		if held, err = c.archiver.find(ctx, rec, &step); err != nil {
			return 0, err
		}
		if !held {
			step = recording.Step{To: recording.Lost, Reason: l.lost}
		}
	case l.lost != recording.Reason{}:
		step = recording.Step{To: recording.Lost, Reason: l.lost}
	case l.length == 0:
		step = recording.Step{To: recording.Empty, Reason: rec.Reason.With(recording.NoteNoAudio | l.note)}
	default:
		if err := c.archiver.put(ctx, rec, l.good, &step); err != nil {
			return 0, err
		}
		if !c.asTaken(ctx, l) {
			return lookLatest, nil
		}
		step.Reason = step.Reason.With(l.note)
	}
	return 0, c.Steps.Advance(ctx, &rec, step)
}

// clear deletes the spool files of a recording that is settled, unless they
// have changed since they were taken: then they are judged as leftovers.
func (c *Collector) clear(ctx context.Context, l look) {
	if l.pbx.KeepSpool || !c.asTaken(ctx, l) {
		return
	}
	for _, t := range l.rec.Tracks {
		if err := l.pbx.Spool.Remove(t.File); err != nil {
			c.Log.WarnContext(ctx, "spool file not deleted", slog.String("recording", string(l.rec.ID)), slog.String("file", t.File), slog.Any("err", err))
		}
	}
}

// asTaken reports whether the spool files are still as they were when they
// were opened: a PBX may have written on while they were put into the archive.
func (c *Collector) asTaken(ctx context.Context, l look) bool {
	now, err := spool.Open(l.pbx, l.files.Tracks())
	defer func() { now.Close(ctx, c.Log) }()
	return err == nil && slices.EqualFunc(now, l.files, func(a, b spool.File) bool { return a.Size == b.Size && (a.Body == nil) == (b.Body == nil) })
}
