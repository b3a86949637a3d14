package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"recgate/recording"
	"recgate/spool"
)

// archiver puts the sound of recordings into the archive, and finds it there.
type archiver struct {
	archive Archive
	sound   recording.Sound
}

// put stores the WAV of files, with the stereo source of two legs, and fills in
// the step to Ready.
func (a archiver) put(ctx context.Context, rec recording.Recording, files spool.Files, step *recording.Step) error {
	if len(files) == 2 {
		stereo, _, err := a.sound.Stereo(legsOf(files)) // what the mix is made from
		if err != nil {
			return err
		}
		step.SourceKey = recording.StereoKey(rec.ID)
		if _, err = a.archive.Put(ctx, step.SourceKey, stereo); err != nil {
			return err
		}
	}
	wav, length, err := a.wav(files)
	if err != nil {
		return err
	}
	hash := sha256.New()
	step.Key, step.Duration = recording.AudioKey(rec.ID), length
	if step.Bytes, err = a.archive.Put(ctx, step.Key, io.TeeReader(wav, hash)); err != nil {
		return err
	}
	step.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return nil
}

// wav is what the archive keeps of one file, or of two legs.
func (a archiver) wav(files spool.Files) (wav io.Reader, length time.Duration, err error) {
	if len(files) == 1 {
		return a.sound.Repair(files[0].Body, files[0].Size)
	}
	return a.sound.Mix(legsOf(files))
}

func legsOf(files spool.Files) [2]recording.Leg {
	first, second := delays(files[0].Track, files[1].Track)
	return [2]recording.Leg{
		{File: files[0].Body, Size: files[0].Size, Delay: first},
		{File: files[1].Body, Size: files[1].Size, Delay: second},
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

// find looks for a recording that left no file in the spool in the archive, and
// fills in the step to Ready when it is there. A database that was restored
// from a backup does not know of what was collected since; the audio is under
// the recording's own id.
func (a archiver) find(ctx context.Context, rec recording.Recording, step *recording.Step) (bool, error) {
	step.Said, step.Key = "the archive had it already", recording.AudioKey(rec.ID)
	if found, err := a.read(ctx, step); err != nil || !found {
		return false, err
	}
	source := recording.Step{Key: recording.StereoKey(rec.ID)}
	found, err := a.read(ctx, &source)
	if found {
		step.SourceKey = source.Key
	}
	return err == nil, err
}

// read fills a step with what the archive holds under its key, if that is a
// whole WAV with sound in it.
func (a archiver) read(ctx context.Context, step *recording.Step) (bool, error) {
	body, size, err := a.archive.Open(ctx, step.Key)
	if recording.CodeOf(err) == recording.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	complete, length, err := a.sound.Check(atAnyPlace{body}, size)
	if err != nil || !complete || length == 0 {
		return false, body.Close()
	}
	if _, err = body.Seek(0, io.SeekStart); err == nil {
		step.SHA256, err = hashOf(body)
	}
	step.Bytes, step.Duration = size, length
	return true, errors.Join(err, body.Close())
}

// hashOfKey is the SHA-256 of what the archive holds.
func (a archiver) hashOfKey(ctx context.Context, key string) (string, error) {
	body, _, err := a.archive.Open(ctx, key)
	if err != nil {
		return "", err
	}
	sum, err := hashOf(body)
	return sum, errors.Join(err, body.Close())
}

// hashOfFiles is the SHA-256 of what put would store of the files that hold a
// WAV.
func (a archiver) hashOfFiles(files spool.Files) (string, error) {
	if files = files.Readable(a.sound); len(files) == 0 {
		return "", nil
	}
	wav, _, err := a.wav(files)
	if err != nil {
		return "", err
	}
	return hashOf(wav)
}

func hashOf(r io.Reader) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
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
