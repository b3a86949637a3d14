package recording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"
)

// How long a spool file must not have grown before it is taken for closed.
// A PBX writes every 2.1 s (32 KiB of 8 kHz WAV) and fills in the header's
// sizes when it closes the file. A file with sizes is closed, unless it
// holds no audio yet: that looks the same as a recording just begun, for as
// long as it takes until something is written.
const (
	stillEmpty  = 3 * time.Second // header agrees, no audio
	stillBroken = 5 * time.Second // header does not agree: the PBX was killed
	missingFor  = 6 * time.Second // no file at all
)

// collector is what one recording's collecting remembers between two looks.
type collector struct {
	id    ID
	tries int       // times that collecting failed for now
	size  int64     // of all files at the last look
	since time.Time // when the size was first seen so; zero before the first look
}

// collecting begins the names of jobs that collect.
const collecting = "collect "

// collectSoon has the files of a recording in state Collecting collected.
func (s *Service) collectSoon(id ID) { s.collectIn(0, &collector{id: id}) }

func (s *Service) collectIn(delay time.Duration, c *collector) {
	s.waits.begin(c.id, s.o.Now())
	s.work.add(delay, collecting+string(c.id), func(ctx context.Context) {
		unlock, err := s.moves.lock(ctx, "", string(c.id))
		if err != nil {
			return // only when ctx has ended
		}
		defer unlock()
		again, err := s.claim(ctx, c)
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
	look, err := s.look(files, c)
	if err != nil {
		return 0, err
	}
	switch {
	case look.wait > 0:
		return look.wait, nil
	case look.lost != "":
		if look.lost == noFile {
			if found, err := s.archived(ctx, rec); err != nil || found {
				return 0, err
			}
		}
		if err := s.finish(ctx, rec, Step{To: Lost, Reason: look.lost}); err != nil || look.lost != nothingInIt {
			return 0, err
		}
	case look.length == 0:
		if err := s.finish(ctx, rec, Step{To: Empty, Reason: rec.Reason + "; the PBX heard no audio"}); err != nil {
			return 0, err
		}
	default:
		if err := s.archive(ctx, rec, look.good); err != nil {
			return 0, err
		}
	}
	s.clear(ctx, p, rec)
	return 0, nil
}

// spooled is one track with its open file, nil when there is none.
type spooled struct {
	Track
	file SpoolFile
	size int64
}

func openAll(p PBX, tracks []Track) ([]spooled, error) {
	var files []spooled
	for _, t := range tracks {
		f, err := p.Spool().Open(t.File)
		if errors.Is(err, fs.ErrNotExist) {
			files = append(files, spooled{Track: t})
			continue
		}
		if err != nil {
			return files, unreadable(p, err)
		}
		files = append(files, spooled{Track: t, file: f})
		info, err := f.Stat()
		if err != nil {
			return files, unreadable(p, err)
		}
		files[len(files)-1].size = info.Size()
	}
	return files, nil
}

// unreadable is the refusal of a spool file that is there and cannot be read.
func unreadable(p PBX, cause error) error {
	return &Error{
		Code: Unavailable, Err: cause,
		Msg: fmt.Sprintf("a file of the PBX %q cannot be read: give the user that recgate runs as the right to read the folder of its key mount", p.Name()),
	}
}

func (s *Service) closeAll(ctx context.Context, files []spooled) {
	for _, f := range files {
		if f.file == nil {
			continue
		}
		if err := f.file.Close(); err != nil {
			s.o.Log.DebugContext(ctx, "spool file not closed", slog.Any("err", err))
		}
	}
}

// looked is what a look at the files says: wait and look again, or lost for
// a reason, or the length of the longest.
type looked struct {
	wait   time.Duration
	lost   string
	length time.Duration
	good   []spooled // those that hold a WAV
}

// notWAV is the reason of a recording whose file is kept in the spool.
const notWAV = "what the PBX left in the spool is not a WAV"

// noFile is the reason of a recording of which there is no audio anywhere.
const noFile = "the PBX left no file in the spool"

// nothingInIt is the reason of one whose file is of no use to anybody.
const nothingInIt = "the PBX could write nothing into its file in the spool"

func (s *Service) look(files []spooled, c *collector) (looked, error) {
	var l looked
	var size int64
	closed, there := true, 0
	for _, f := range files {
		if f.file == nil {
			continue
		}
		there++
		size += f.size
		complete, length, err := s.sound.Check(f.file, f.size)
		if err == nil {
			l.good = append(l.good, f)
		}
		closed = closed && complete && err == nil
		l.length = max(l.length, length)
	}
	// The machine's clock, not the records': this is waiting, not evidence.
	if c.since.IsZero() || size != c.size {
		c.size, c.since = size, time.Now()
	}
	still := time.Since(c.since)
	switch {
	case there < len(files) || len(files) == 0:
		l.wait = until(missingFor, still)
	case !closed:
		l.wait = until(stillBroken, still)
	case l.length == 0:
		l.wait = until(stillEmpty, still)
	}
	switch {
	case l.wait > 0:
	case there == 0:
		l.lost = noFile
	case size == 0:
		l.lost = nothingInIt
	case len(l.good) == 0:
		l.lost = notWAV
	}
	return l, nil
}

// until returns when to look again: soon, as long as the time is not up.
func until(limit, still time.Duration) time.Duration {
	if still >= limit {
		return 0
	}
	return min(limit-still, 50*time.Millisecond+still/4)
}

// archive stores the WAV, with the stereo source of two legs, and makes the
// step to Ready.
func (s *Service) archive(ctx context.Context, rec Recording, files []spooled) error {
	step := Step{To: Ready, Reason: rec.Reason, Key: rec.ID.Hex() + ".wav"}
	var wav io.Reader
	var err error
	if len(files) == 2 {
		if err := s.keepStereo(ctx, rec, files, &step); err != nil {
			return err
		}
		wav, step.Duration, err = s.sound.Mix(legsOf(files))
	} else {
		wav, step.Duration, err = s.sound.Repair(files[0].file, files[0].size)
	}
	if err != nil {
		return err
	}
	hash := sha256.New()
	if step.Bytes, err = s.blobs.Put(ctx, step.Key, io.TeeReader(wav, hash)); err != nil {
		return err
	}
	step.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return s.finish(ctx, rec, step)
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

// clear deletes the spool files of a recording that is settled.
func (s *Service) clear(ctx context.Context, p PBX, rec Recording) {
	if s.o.KeepSpool[p.Name()] {
		return
	}
	for _, t := range rec.Tracks {
		if err := p.Spool().Remove(t.File); err != nil {
			s.o.Log.WarnContext(ctx, "spool file not deleted", slog.String("recording", string(rec.ID)), slog.String("file", t.File), slog.Any("err", err))
		}
	}
}

// lastWritten returns when the PBX last wrote to a file of the recording, or
// the zero time.
func (s *Service) lastWritten(p PBX, rec Recording) time.Time {
	files, err := openAll(p, rec.Tracks)
	defer s.closeAll(context.Background(), files)
	var last time.Time
	if err != nil {
		return last
	}
	for _, f := range files {
		if f.file == nil {
			continue
		}
		if info, err := f.file.Stat(); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last.UTC().Truncate(time.Millisecond)
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
	s.watch.settled(rec.ID)
	s.growth.forget(rec.ID)
	s.begun.drop(rec.ID)
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
