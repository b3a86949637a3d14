package recorder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"slices"
	"time"

	"recgate/book"
	"recgate/recording"
)

// collecting begins the names of jobs that collect.
const collecting = "collect "

// collectSoon has the files of a recording in state Collecting collected.
func (s *Service) collectSoon(id recording.ID) {
	s.collectIn(0, s.book.Wait(id))
}

func (s *Service) collectIn(delay time.Duration, c *book.Wait) {
	s.collects.Add(delay, collecting+string(c.ID), func(ctx context.Context) {
		unlock, err := s.moves.Lock(ctx, c.ID)
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
		s.book.Delay(c.ID, err)
		if err != nil {
			again = s.putOff(ctx, c, err)
		}
		if again > 0 {
			s.collectIn(again, c)
		} else {
			s.book.EndWait(c.ID)
		}
	})
}

// putOff says when to try again after a failure that may pass, such as a
// full archive or a database that is away.
func (s *Service) putOff(ctx context.Context, c *book.Wait, err error) time.Duration {
	c.Tries++
	s.o.Happened(recording.Happening{Kind: recording.Retried, Recording: recording.Recording{ID: c.ID}, Err: err})
	level := slog.LevelWarn
	if c.Tries > 1 {
		level = slog.LevelDebug // the first said it; the metric goes on counting
	}
	s.o.Log.Log(ctx, level, "recording not collected for now", slog.String("recording", string(c.ID)), slog.Any("err", err))
	return min(200*time.Millisecond<<min(c.Tries, 8), 15*time.Second)
}

// stillWaits looks again at files that have to be waited for, and says when
// to look the next time; 0 when there is more to be found out than that. As
// long as nothing is done, neither row nor lease is asked for.
func (s *Service) stillWaits(ctx context.Context, c *book.Wait) time.Duration {
	if c.Rec == nil {
		return 0
	}
	p, _ := s.pbxs.Named(c.Rec.PBX)
	files, err := openAll(p, c.Rec.Tracks)
	defer func() { s.closeAll(ctx, files) }()
	if err != nil || slices.ContainsFunc(files, func(f spooled) bool { return f.file == nil }) {
		return 0
	}
	s.sayHeldOpen(ctx, *c.Rec, c)
	return s.look(*c.Rec, files, c).wait
}

// collect makes the step out of Collecting, or says when to look again.
func (s *Service) collect(ctx context.Context, c *book.Wait) (again time.Duration, err error) {
	rec, err := s.store.Get(ctx, c.ID)
	if err != nil || rec.State != recording.Collecting {
		return 0, err
	}
	p, is := s.pbxs.Named(rec.PBX)
	if !is {
		return 0, recording.Errorf(recording.Unavailable, "the PBX %q of the recording is no longer configured", rec.PBX)
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
	c.Rec = &rec
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
func (s *Service) take(ctx context.Context, p recording.PBX, rec recording.Recording, files []spooled, look looked) (again time.Duration, err error) {
	switch {
	case look.lost.Code == recording.ReasonNoFile:
		if found, err := s.archived(ctx, rec); err != nil || found {
			return 0, err
		}
		fallthrough
	case look.lost != recording.Reason{}:
		return 0, s.steps.Advance(ctx, &rec, recording.Step{To: recording.Lost, Reason: look.lost})
	case look.length == 0:
		return 0, s.steps.Advance(ctx, &rec, recording.Step{To: recording.Empty, Reason: rec.Reason.With(recording.NoteNoAudio | look.note)})
	}
	step, err := s.archive(ctx, rec, look.good)
	if err != nil {
		return 0, err
	}
	if !s.asTaken(ctx, p, files) {
		return lookLatest, nil
	}
	step.Reason = step.Reason.With(look.note)
	return 0, s.steps.Advance(ctx, &rec, step)
}

// archive stores the WAV, with the stereo source of two legs, and returns the
// step to Ready.
func (s *Service) archive(ctx context.Context, rec recording.Recording, files []spooled) (recording.Step, error) {
	step := recording.Step{To: recording.Ready, Reason: rec.Reason, Key: recording.AudioKey(rec.ID)}
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
func (s *Service) keepStereo(ctx context.Context, rec recording.Recording, files []spooled, step *recording.Step) error {
	stereo, _, err := s.sound.Stereo(legsOf(files))
	if err != nil {
		return err
	}
	step.SourceKey = recording.StereoKey(rec.ID)
	_, err = s.blobs.Put(ctx, step.SourceKey, stereo)
	return err
}

func legsOf(files []spooled) [2]recording.Leg {
	first, second := delays(files[0].Track, files[1].Track)
	return [2]recording.Leg{
		{File: files[0].file, Size: files[0].size, Delay: first},
		{File: files[1].file, Size: files[1].size, Delay: second},
	}
}

// clear deletes the spool files of a recording that is settled, unless they
// have changed since they were taken: then they are judged as leftovers.
func (s *Service) clear(ctx context.Context, p recording.PBX, rec recording.Recording, files []spooled) {
	if p.KeepSpool || !s.asTaken(ctx, p, files) {
		return
	}
	for _, t := range rec.Tracks {
		if err := p.Spool.Remove(t.File); err != nil {
			s.o.Log.WarnContext(ctx, "spool file not deleted", slog.String("recording", string(rec.ID)), slog.String("file", t.File), slog.Any("err", err))
		}
	}
}

// delays returns by how much each of two tracks begins after the earlier one.
func delays(a, b recording.Track) (time.Duration, time.Duration) {
	if a.StartedAt.IsZero() || b.StartedAt.IsZero() {
		return 0, 0
	}
	d := b.StartedAt.Sub(a.StartedAt)
	return max(0, -d), max(0, d)
}
