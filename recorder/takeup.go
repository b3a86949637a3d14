package recorder

import (
	"context"
	"fmt"
	"slices"
	"time"

	"recgate/recording"
)

// backFrom is the reason of the step out of each final state.
var backFrom = map[recording.State]recording.ReasonCode{
	recording.Ready:  recording.ReasonFileGrew,
	recording.Empty:  recording.ReasonSoundAppeared,
	recording.Failed: recording.ReasonFileAppeared,
	recording.Lost:   recording.ReasonFileCameBack,
}

// takeUp makes the one step out of a final state: the file of a recording that
// was given up is there, such as after a mount was away, or one that was taken
// has grown. What is not a WAV is looked at once.
func (s *Service) takeUp(ctx context.Context, p recording.PBX, l *leftover) error {
	tracks := l.tracks()
	if l.rec.Reason.Unusable() {
		files, err := openAll(p, tracks)
		good := s.readable(files)
		s.closeAll(ctx, files)
		if err != nil || len(good) == 0 {
			return nil //nolint:nilerr // its row says what it is
		}
	}
	step := recording.Step{To: recording.Collecting, Back: true, Reason: recording.Reason{Code: backFrom[l.rec.State]}, Tracks: tracks}
	if l.rec.StoppedAt.IsZero() {
		step.StoppedAt = s.lastWritten(p, recording.Recording{Tracks: tracks})
	}
	step.Said = fmt.Sprintf("it was %s: %s", l.rec.State, l.rec.Reason)
	if err := s.steps.Advance(ctx, &l.rec, step); err != nil {
		return err
	}
	s.o.Log.WarnContext(ctx, "recording taken up again", append(l.rec.Attrs(), step.Reason.Attrs()...)...)
	s.collectSoon(l.id)
	return nil
}

// tracks are those of the row, or what the names of the files say.
func (l *leftover) tracks() []recording.Track {
	likely := append([][]recording.Track{l.rec.Tracks}, recording.LikelyTracks(l.rec)...)
	for _, tracks := range likely {
		if slices.ContainsFunc(tracks, func(t recording.Track) bool { return slices.Contains(l.names, t.File) }) {
			return tracks
		}
	}
	return nil
}

// emptyFor is for how long after its end a recording is waited for whose file
// has no sound although it talked.
const emptyFor = 90 * time.Second

// stillOpen finds a leftover of a recording that is settled to which a PBX may
// still write: its header is not complete, or it has no sound yet, and nobody
// can see that the PBX has let go of it. It stays until somebody explains it by
// deleting it, or the PBX closes it.
func (s *Service) stillOpen(ctx context.Context, p recording.PBX, l *leftover) recording.Finding {
	files, err := openAll(p, l.tracks())
	defer func() { s.closeAll(ctx, files) }()
	if err != nil || (l.rec.State != recording.Ready && l.rec.State != recording.Empty) {
		return recording.Finding{}
	}
	ended := s.o.Now().Sub(l.rec.StoppedAt)
	for _, f := range files {
		if f.file == nil {
			continue
		}
		complete, length, err := s.sound.Check(f.file, f.size)
		open := !complete || (length == 0 && l.rec.State == recording.Empty && ended < emptyFor)
		if err == nil && open && f.file.Held() != recording.HeldByNobody {
			return recording.Finding{
				What: "the PBX did not close it, and the archive may lack its end", Open: true,
				Do: "compare it with the recording in the archive; to accept the archive's version, delete this file",
			}
		}
	}
	return recording.Finding{}
}

// writtenOn takes up a recording again whose one file the PBX has closed after
// it was taken, and which begins with all that the archive holds. It reports
// whether that is so.
func (s *Service) writtenOn(ctx context.Context, p recording.PBX, l *leftover) (bool, error) {
	tracks := l.tracks()
	if len(tracks) != 1 || (l.rec.State != recording.Ready && l.rec.State != recording.Empty) {
		return false, nil
	}
	files, err := openAll(p, tracks)
	defer func() { s.closeAll(ctx, files) }()
	if err != nil || files[0].file == nil {
		return false, nil //nolint:nilerr // mayGo says so
	}
	f := files[0]
	complete, length, err := s.sound.Check(f.file, f.size)
	if err != nil || !complete || length <= l.rec.Duration || f.size <= l.rec.Bytes {
		return false, nil //nolint:nilerr // mayGo says so
	}
	if l.rec.State == recording.Ready {
		begin, _, err := s.sound.Repair(f.file, l.rec.Bytes)
		if err != nil {
			return false, nil //nolint:nilerr // it does not begin so
		}
		if sum, err := hashed(begin); err != nil || sum != l.rec.SHA256 {
			return false, nil //nolint:nilerr // mayGo says so
		}
	}
	return true, s.takeUp(ctx, p, l)
}
