package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"slices"
	"time"
)

// collector is the state kept between two looks at one recording's files. Who
// has its lock among Service.moves may use it.
type collector struct {
	id    ID
	began time.Time     // when it began to wait; set once
	ran   time.Duration // for how long it recorded, if that was counted; set once
	rec   *Recording    // as it was when its files were first looked at
	tries int           // times that collecting failed for now
	size  int64         // of all files at the last look
	since time.Time     // when the size was first seen so; zero before the first look
	left  bool          // nobody was seen to write to the files when last asked
	said  bool          // that a file stays open
}

// collecting begins the names of jobs that collect.
const collecting = "collect "

// collectSoon has the files of a recording in state Collecting collected.
func (s *Service) collectSoon(id ID) {
	ran, counted := s.stopwatch.ran(id)
	if !counted {
		ran = 0
	}
	s.collectIn(0, s.waits.begin(id, ran))
}

func (s *Service) collectIn(delay time.Duration, c *collector) {
	s.collects.add(delay, collecting+string(c.id), func(ctx context.Context) {
		unlock, err := s.moves.lock(ctx, "", string(c.id))
		if err != nil {
			return // only when ctx has ended
		}
		defer unlock()
		again := s.stillWaits(ctx, c)
		if again == 0 {
			again, err = s.claim(ctx, c)
		}
		if ctx.Err() != nil {
			return
		}
		s.stuck.note(c.id, err)
		if err != nil {
			again = s.putOff(ctx, c, err)
		}
		if again > 0 {
			s.collectIn(again, c)
		} else {
			s.waits.end(c.id)
		}
	})
}

// putOff says when to try again after a failure that may pass, such as a
// full archive or a database that is away.
func (s *Service) putOff(ctx context.Context, c *collector, err error) time.Duration {
	c.tries++
	s.o.Happened(Happening{Kind: Retried, Recording: Recording{ID: c.id}, Err: err})
	level := slog.LevelWarn
	if c.tries > 1 {
		level = slog.LevelDebug // the first said it; the metric goes on counting
	}
	s.o.Log.Log(ctx, level, "recording not collected for now", slog.String("recording", string(c.id)), slog.Any("err", err))
	return min(200*time.Millisecond<<min(c.tries, 8), 15*time.Second)
}

// stillWaits looks again at files that have to be waited for, and says when
// to look the next time; 0 when there is more to be found out than that. As
// long as nothing is done, neither row nor lease is asked for.
func (s *Service) stillWaits(ctx context.Context, c *collector) time.Duration {
	if c.rec == nil {
		return 0
	}
	files, err := openAll(s.pbx(c.rec.PBX), c.rec.Tracks)
	defer func() { s.closeAll(ctx, files) }()
	if err != nil || slices.ContainsFunc(files, func(f spooled) bool { return f.file == nil }) {
		return 0
	}
	s.sayHeldOpen(ctx, *c.rec, c)
	return s.look(*c.rec, files, c).wait
}

// collect makes the step out of Collecting, or says when to look again.
func (s *Service) collect(ctx context.Context, c *collector) (again time.Duration, err error) {
	rec, err := s.store.Get(ctx, c.id)
	if err != nil || rec.State != Collecting {
		return 0, err
	}
	p := s.pbx(rec.PBX)
	if p == nil {
		return 0, Errorf(Unavailable, "the PBX %q of the recording is not configured any more", rec.PBX)
	}
	files, err := openAll(p, rec.Tracks)
	defer func() { s.closeAll(ctx, files) }()
	if err == nil {
		err = s.spoolIsThere(p, files, c)
	}
	if err != nil {
		return 0, err
	}
	look := s.look(rec, files, c)
	c.rec = &rec
	if look.wait > 0 {
		return look.wait, nil
	}
	switch again, err := s.take(ctx, p, rec, files, look); {
	case err != nil || again > 0:
		return again, err
	case !look.stays:
		s.clear(ctx, p, rec, files)
	}
	return 0, nil
}

// take makes the step that a look at the files has led to, or says when to
// look again because they have changed meanwhile.
func (s *Service) take(ctx context.Context, p PBX, rec Recording, files []spooled, look looked) (again time.Duration, err error) {
	switch {
	case look.lost == noFile:
		if found, err := s.archived(ctx, rec); err != nil || found {
			return 0, err
		}
		fallthrough
	case look.lost != "":
		return 0, s.finish(ctx, rec, Step{To: Lost, Reason: look.lost})
	case look.length == 0:
		return 0, s.finish(ctx, rec, Step{To: Empty, Reason: rec.Reason + "; the PBX heard no audio" + look.note})
	}
	step, err := s.archive(ctx, rec, look.good)
	if err != nil {
		return 0, err
	}
	if !s.asTaken(ctx, p, files) {
		return lookLatest, nil
	}
	step.Reason += look.note
	return 0, s.finish(ctx, rec, step)
}

// archive stores the WAV, with the stereo source of two legs, and returns the
// step to Ready.
func (s *Service) archive(ctx context.Context, rec Recording, files []spooled) (Step, error) {
	step := Step{To: Ready, Reason: rec.Reason, Key: rec.ID.Hex() + ".wav"}
	var wav io.Reader
	var err error
	if len(files) == 2 {
		if err := s.keepStereo(ctx, rec, files, &step); err != nil {
			return step, err
		}
		wav, step.Duration, err = s.sound.Mix(legsOf(files))
	} else {
		wav, step.Duration, err = s.sound.Repair(files[0].file, files[0].size)
	}
	if err != nil {
		return step, err
	}
	hash := sha256.New()
	if step.Bytes, err = s.blobs.Put(ctx, step.Key, io.TeeReader(wav, hash)); err != nil {
		return step, err
	}
	step.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return step, nil
}

// keepStereo stores the two legs side by side: what the mix was made from.
func (s *Service) keepStereo(ctx context.Context, rec Recording, files []spooled, step *Step) error {
	stereo, _, err := s.sound.Stereo(legsOf(files))
	if err != nil {
		return err
	}
	step.SourceKey = rec.ID.Hex() + "-stereo.wav"
	_, err = s.blobs.Put(ctx, step.SourceKey, stereo)
	return err
}

func legsOf(files []spooled) [2]Leg {
	first, second := delays(files[0].Track, files[1].Track)
	return [2]Leg{
		{File: files[0].file, Size: files[0].size, Delay: first},
		{File: files[1].file, Size: files[1].size, Delay: second},
	}
}

// clear deletes the spool files of a recording that is settled, unless they
// have changed since they were taken: then they are judged as leftovers.
func (s *Service) clear(ctx context.Context, p PBX, rec Recording, files []spooled) {
	if s.o.KeepSpool[p.Name()] || !s.asTaken(ctx, p, files) {
		return
	}
	for _, t := range rec.Tracks {
		if err := p.Spool().Remove(t.File); err != nil {
			s.o.Log.WarnContext(ctx, "spool file not deleted", slog.String("recording", string(rec.ID)), slog.String("file", t.File), slog.Any("err", err))
		}
	}
}

// advance makes a step, now unless the step says when.
func (s *Service) advance(ctx context.Context, id ID, step Step) error {
	if step.At.IsZero() {
		step.At = s.now()
	}
	return s.store.Advance(ctx, id, step)
}

// finish makes a step to a final state and tells of it.
func (s *Service) finish(ctx context.Context, rec Recording, step Step) error {
	if err := s.advance(ctx, rec.ID, step); err != nil {
		return err
	}
	s.forget(rec.ID)
	rec.State, rec.Reason, rec.Duration, rec.Bytes = step.To, step.Reason, step.Duration, step.Bytes
	level := slog.LevelInfo
	if step.To == Failed || step.To == Lost {
		level = slog.LevelError
	}
	s.o.Log.Log(ctx, level, "recording settled", append(attrs(rec), slog.String("state", string(step.To)), slog.String("reason", step.Reason),
		slog.Int64("duration_ms", step.Duration.Milliseconds()), slog.Int64("bytes", step.Bytes))...)
	s.o.Happened(Happening{Kind: Settled, Recording: rec})
	return nil
}
