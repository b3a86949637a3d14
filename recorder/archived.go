package recorder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"recgate/recording"
)

// archived makes the step to Ready of a recording that left no file in the
// spool because the archive has it already, and reports whether that is so. A
// database that was restored from a backup does not know of what was collected
// since; the audio is under the recording's own id.
func (s *Service) archived(ctx context.Context, rec recording.Recording) (bool, error) {
	step := recording.Step{To: recording.Ready, Reason: rec.Reason, Said: "the archive had it already", Key: recording.AudioKey(rec.ID)}
	found, err := s.fromArchive(ctx, &step)
	if err != nil || !found {
		return false, err
	}
	source := recording.Step{Key: recording.StereoKey(rec.ID)}
	if found, err = s.fromArchive(ctx, &source); err != nil {
		return false, err
	}
	if found {
		step.SourceKey = source.Key
	}
	return true, s.steps.Advance(ctx, &rec, step)
}

// fromArchive fills a step with what the archive holds under its key, if that
// is a whole WAV with sound in it.
func (s *Service) fromArchive(ctx context.Context, step *recording.Step) (bool, error) {
	body, size, err := s.blobs.Open(ctx, step.Key)
	if recording.CodeOf(err) == recording.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	complete, length, err := s.sound.Check(atAnyPlace{body}, size)
	if err != nil || !complete || length == 0 {
		return false, body.Close()
	}
	hash := sha256.New()
	if _, err = body.Seek(0, io.SeekStart); err == nil {
		_, err = io.Copy(hash, body)
	}
	step.Bytes, step.Duration, step.SHA256 = size, length, hex.EncodeToString(hash.Sum(nil))
	return true, errors.Join(err, body.Close())
}

// atAnyPlace reads at any place of what can be sought in, for one at a time.
type atAnyPlace struct{ io.ReadSeeker }

// ReadAt implements io.ReaderAt.
func (r atAnyPlace) ReadAt(p []byte, offset int64) (int, error) {
	if _, err := r.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
