package recordingtest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"recgate/recording"
)

// Mark implements mark.Store.
func (s marks) Mark(ctx context.Context) (recording.ArchiveMark, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mark, s.away(ctx, "Mark")
}

// SetMark implements mark.Store.
func (s marks) SetMark(ctx context.Context, was, now recording.ArchiveMark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "SetMark"); err != nil {
		return err
	}
	if s.mark != was {
		return recording.Errorf(recording.Conflict, "the mark is another one by now")
	}
	s.mark = now
	return nil
}

// Archived implements mark.Store.
func (s marks) Archived(ctx context.Context, limit int) ([]recording.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Archived"); err != nil {
		return nil, err
	}
	var all []recording.Entry
	for _, r := range s.rows {
		if r.State == recording.Ready {
			all = append(all, recording.Entry{
				ID: r.ID, State: r.State, AskedAt: r.AskedAt, Bytes: r.Bytes, Key: r.Key, SourceKey: r.SourceKey,
			})
		}
	}
	slices.SortFunc(all, func(a, b recording.Entry) int { return cmp.Or(b.AskedAt.Compare(a.AskedAt), cmp.Compare(b.ID, a.ID)) })
	return all[:min(limit, len(all))], nil
}

// Guard lets the archive ask for the id that it must carry. Without it every
// write is allowed.
func (b *Blobs) Guard(known func(context.Context) (string, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = known
}

// ForgetMark takes the mark away past the contract, as an unmount does.
func (b *Blobs) ForgetMark(testing.TB) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mark = ""
}

// unmarked tells why the archive is not the one that is known, or nil. The
// caller does not hold b.mu, for who is asked may look at the archive.
func (b *Blobs) unmarked(ctx context.Context, writes bool) error {
	b.mu.Lock()
	known := b.known
	b.mu.Unlock()
	if known == nil {
		return nil
	}
	id, err := known(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err != nil:
		return err
	case id == "" && writes, id != "" && id != b.mark:
		return recording.Errorf(recording.Unavailable, "the archive carries the mark %q, and the database knows %q", b.mark, id)
	}
	return nil
}

// ReadMark implements mark.Place.
func (b *Blobs) ReadMark(ctx context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.away(ctx, "mark"); err != nil {
		return "", err
	}
	if b.mark == "" {
		return "", recording.Errorf(recording.NotFound, "the archive has no mark")
	}
	return b.mark, nil
}

// WriteMark implements mark.Place.
func (b *Blobs) WriteMark(ctx context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.away(ctx, "mark"); err != nil {
		return err
	}
	if b.mark != "" && b.mark != id {
		return recording.Errorf(recording.Conflict, "the archive carries the mark %q", b.mark)
	}
	b.mark = id
	return nil
}

// SizeOf implements mark.Place.
func (b *Blobs) SizeOf(ctx context.Context, key string) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.away(ctx, key); err != nil {
		return 0, err
	}
	content, ok := b.blobs[key]
	if !ok {
		return 0, recording.Errorf(recording.NotFound, "the archive holds nothing under %q", key)
	}
	return int64(len(content)), nil
}

// HoldsAny implements mark.Place.
func (b *Blobs) HoldsAny(ctx context.Context) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.blobs) > 0, b.away(ctx, "holds")
}
