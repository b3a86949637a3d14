package collect

import (
	"context"
	"fmt"

	"recgate/recording"
	"recgate/spool"
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
func (c *Collector) takeUp(ctx context.Context, p recording.PBX, l *spool.Leftover) error {
	tracks := l.Tracks()
	if l.Rec.Reason.Unusable() {
		files, err := spool.Open(p, tracks)
		good := files.Readable(c.Sound)
		files.Close(ctx, c.Log)
		if err != nil || len(good) == 0 {
			return nil //nolint:nilerr // its row says what it is
		}
	}
	step := recording.Step{To: recording.Collecting, Back: true, Reason: recording.Reason{Code: backFrom[l.Rec.State]}, Tracks: tracks}
	if l.Rec.StoppedAt.IsZero() {
		step.StoppedAt = c.files.LastWritten(ctx, p, tracks)
	}
	step.Said = fmt.Sprintf("it was %s: %s", l.Rec.State, l.Rec.Reason)
	if err := c.Steps.Advance(ctx, &l.Rec, step); err != nil {
		return err
	}
	c.Log.WarnContext(ctx, "recording taken up again", append(l.Rec.Attrs(), step.Reason.Attrs()...)...)
	c.Collect(l.Rec.ID)
	return nil
}

// takeUpGrown takes up a recording again whose one file the PBX has closed after
// it was taken, and which begins with all that the archive holds. It reports
// whether that is so.
func (c *Collector) takeUpGrown(ctx context.Context, p recording.PBX, l *spool.Leftover) (bool, error) {
	tracks := l.Tracks()
	if len(tracks) != 1 || (l.Rec.State != recording.Ready && l.Rec.State != recording.Empty) {
		return false, nil
	}
	files, err := spool.Open(p, tracks)
	defer func() { files.Close(ctx, c.Log) }()
	if err != nil || files[0].Body == nil {
		return false, nil //nolint:nilerr // whyKeep says so
	}
	f := files[0]
	complete, length, err := c.Sound.Check(f.Body, f.Size)
	if err != nil || !complete || length <= l.Rec.Duration || f.Size <= l.Rec.Bytes {
		return false, nil //nolint:nilerr // whyKeep says so
	}
	if l.Rec.State == recording.Ready {
		begin, _, err := c.Sound.Repair(f.Body, l.Rec.Bytes)
		if err != nil {
			return false, nil //nolint:nilerr // it does not begin so
		}
		if sum, err := hashOf(begin); err != nil || sum != l.Rec.SHA256 {
			return false, nil //nolint:nilerr // whyKeep says so
		}
	}
	return true, c.takeUp(ctx, p, l)
}
