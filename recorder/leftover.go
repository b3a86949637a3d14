package recorder

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"recgate/book"
	"recgate/recording"
)

// leftover is what one recording has in a spool although it is settled.
type leftover struct {
	id    recording.ID
	names []string // in order
	rec   recording.Recording
}

// tidySpool goes through a spool. The audio of a recording that was given up
// is collected, what the archive holds already is deleted, and what nothing
// explains is returned.
func (s *Service) tidySpool(ctx context.Context, p recording.PBX) ([]recording.Finding, error) {
	names, err := p.Spool.Names()
	if err != nil {
		return []recording.Finding{spoolAway(p, err)}, nil
	}
	byID := map[recording.ID]*leftover{}
	for _, name := range names {
		id, err := recording.ParseID(name[:min(32, len(name))])
		if err != nil || s.book.Kept(id) {
			continue
		}
		if byID[id] == nil {
			byID[id] = &leftover{id: id}
		}
		byID[id].names = append(byID[id].names, name)
	}
	var found []recording.Finding
	for _, l := range byID {
		slices.Sort(l.names)
		f, err := s.tidy(ctx, p, l)
		if err != nil {
			return nil, err
		}
		for _, name := range l.names {
			if f.What != "" {
				f.Place, f.Name = recording.InSpool(p.Name), name
				found = append(found, f)
			}
		}
	}
	slices.SortFunc(found, func(a, b recording.Finding) int { return cmp.Compare(a.Name, b.Name) })
	return found, nil
}

// tidy settles a leftover where that is safe, or says what is wrong with it.
func (s *Service) tidy(ctx context.Context, p recording.PBX, l *leftover) (recording.Finding, error) {
	var f recording.Finding
	var left bool
	var err error
	if l.rec, left, f, err = s.judge(ctx, p, l.names[0]); !left {
		if l.rec.State.Final() && f.What == "" && err == nil && l.rec.PBX == p.Name {
			s.book.Keep(l.id)
		}
		return f, err
	}
	unlock, err := s.moves.Lock(ctx, l.id) // whoever settles it now may be about to delete the file
	if err != nil {
		return f, err
	}
	defer unlock()
	_, err = s.claims.Do(ctx, collecting+string(l.id), func(ctx context.Context) (err error) { // another process may be, too
		f, err = s.settleLeftover(ctx, p, l)
		return err
	})
	return f, err
}

// settleLeftover is tidy while nobody else is at the recording.
func (s *Service) settleLeftover(ctx context.Context, p recording.PBX, l *leftover) (f recording.Finding, err error) {
	if l.names = stillThere(p, l.names); len(l.names) == 0 {
		return f, nil
	}
	if l.rec, err = s.store.Get(ctx, l.id); err != nil || !l.rec.State.Final() {
		return f, err
	}
	if l.rec.State == recording.Failed || l.rec.State == recording.Lost {
		return f, s.takeUp(ctx, p, l)
	}
	if open := s.stillOpen(ctx, p, l); open.What != "" {
		return open, nil
	}
	if longer, err := s.writtenOn(ctx, p, l); longer || err != nil {
		return f, err
	}
	if f, known := s.orphans.known(recording.InSpool(p.Name), l.names[0]); known && !f.Open {
		return f, nil
	}
	why, err := s.mayGo(ctx, p, l)
	if err != nil || why != "" {
		return recording.Finding{What: why, Do: "listen to it, keep the better one and delete the other: its recording is " + string(l.rec.State)}, err
	}
	for _, name := range l.names {
		if err := p.Spool.Remove(name); err != nil {
			return recording.Finding{What: "it is in the archive and cannot be deleted here: " + err.Error(), Do: "give the recgate user write permission on the folder"}, nil
		}
	}
	s.o.Log.InfoContext(ctx, "leftover spool files deleted", append(l.rec.Attrs(), slog.Any("files", l.names))...)
	return f, nil
}

// stillThere drops the files that were deleted since they were listed.
func stillThere(p recording.PBX, names []string) []string {
	var left []string
	for _, name := range names {
		f, err := p.Spool.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_ = f.Close() // it was only looked for
		}
		left = append(left, name)
	}
	return left
}

// readable returns the files that hold a WAV.
func (s *Service) readable(files []spooled) []spooled {
	return slices.DeleteFunc(slices.Clone(files), func(f spooled) bool {
		if f.file == nil {
			return true
		}
		_, _, err := s.sound.Check(f.file, f.size)
		return err != nil
	})
}

// mayGo tells why a leftover of a recording that is ready or empty has to
// stay; "" when nothing is lost with it.
func (s *Service) mayGo(ctx context.Context, p recording.PBX, l *leftover) (why string, err error) {
	tracks := slices.DeleteFunc(slices.Clone(l.tracks()), func(t recording.Track) bool { return !slices.Contains(l.names, t.File) })
	if len(tracks) < len(l.names) {
		return "it is not one of the files of its recording", nil
	}
	files, err := openAll(p, tracks)
	defer func() { s.closeAll(ctx, files) }()
	switch {
	case err != nil:
		return recording.Message(err), nil
	case len(s.readable(files)) < len(files):
		return "it is not a WAV", nil
	case l.rec.State == recording.Empty:
		for _, f := range s.readable(files) {
			if _, length, _ := s.sound.Check(f.file, f.size); length > 0 {
				return "its recording is empty, but this file has sound", nil
			}
		}
		return "", nil
	}
	archived, err := s.hashOf(ctx, l.rec.Key)
	if err != nil && recording.CodeOf(err) != recording.NotFound {
		return "", err
	}
	if err != nil || archived != l.rec.SHA256 {
		return "the archive no longer has its recording as it was stored", nil
	}
	if halfGone := l.rec.SourceKey != "" && len(files) == 1; halfGone { // deleting the other one was interrupted
		return "", nil
	}
	if sum, err := s.hashOfFiles(files); err != nil || sum != l.rec.SHA256 {
		return "it differs from what is in the archive", nil //nolint:nilerr // what cannot be read differs
	}
	return "", nil
}

// hashOfFiles is the SHA-256 of what archive would store of the files.
func (s *Service) hashOfFiles(files []spooled) (string, error) {
	files = s.readable(files)
	var wav io.Reader
	var err error
	switch len(files) {
	case 0:
		return "", nil
	case 1:
		wav, _, err = s.sound.Repair(files[0].file, files[0].size)
	default:
		wav, _, err = s.sound.Mix(legsOf(files))
	}
	if err != nil {
		return "", err
	}
	return hashed(wav)
}

// hashOf is the SHA-256 of what the archive holds.
func (s *Service) hashOf(ctx context.Context, key string) (string, error) {
	body, _, err := s.blobs.Open(ctx, key)
	if err != nil {
		return "", err
	}
	sum, err := hashed(body)
	return sum, errors.Join(err, body.Close())
}

func hashed(r io.Reader) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// spoolIsThere fails when files are missing together with their folder: then
// nothing is lost, and the wait for them begins when the folder is back.
func (s *Service) spoolIsThere(p recording.PBX, files []spooled, c *book.Wait) error {
	if !slices.ContainsFunc(files, func(f spooled) bool { return f.file == nil }) {
		return nil
	}
	_, err := p.Spool.Names()
	if err != nil {
		c.Since = time.Time{}
	}
	return err
}
