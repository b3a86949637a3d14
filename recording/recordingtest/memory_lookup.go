package recordingtest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"recgate/recording"
)

// Get implements recording.Getter.
func (s lookup) Get(ctx context.Context, id recording.ID) (recording.Recording, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Get"); err != nil {
		return recording.Recording{}, err
	}
	r, err := s.find(id)
	if err != nil {
		return recording.Recording{}, err
	}
	return s.whole(r), nil
}

// ByTag implements retrieve.Rows.
func (s lookup) ByTag(ctx context.Context, tag string, limit int) ([]recording.Candidate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "ByTag"); err != nil {
		return nil, err
	}
	return s.candidates(limit, func(r *row) bool { return slices.Contains(r.Tags, tag) }), nil
}

// ByUniqueID implements retrieve.Rows.
func (s lookup) ByUniqueID(ctx context.Context, uniqueID string, limit int) ([]recording.Candidate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "ByUniqueID"); err != nil {
		return nil, err
	}
	if own := s.candidates(limit, func(r *row) bool { return r.UniqueID == uniqueID }); len(own) > 0 {
		return own, nil
	}
	return s.candidates(limit, func(r *row) bool {
		return slices.ContainsFunc(s.calls[r.Call.ID].Parties, func(p recording.Party) bool { return p.UniqueID == uniqueID })
	}), nil
}

// Open implements recorder.Rows.
func (s lookup) Open(ctx context.Context, pbx string) ([]recording.Recording, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Open"); err != nil {
		return nil, err
	}
	return s.list(len(s.rows), func(r *row) bool {
		return r.PBX == pbx && (!r.State.Final() || r.ChannelEndedAt.IsZero())
	}), nil
}

// OnChannel implements recorder.Rows.
func (s lookup) OnChannel(ctx context.Context, pbx, uniqueID string) ([]recording.Recording, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "OnChannel"); err != nil {
		return nil, err
	}
	return s.list(len(s.rows), func(r *row) bool {
		return r.PBX == pbx && r.UniqueID == uniqueID && !r.State.Final()
	}), nil
}

// Unfinished implements ledger.Rows.
func (s lookup) Unfinished(ctx context.Context) ([]recording.Recording, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Unfinished"); err != nil {
		return nil, err
	}
	return s.list(len(s.rows), func(r *row) bool { return !r.State.Final() || r.ChannelEndedAt.IsZero() }), nil
}

// History implements ledger.Rows.
func (s lookup) History(ctx context.Context, id recording.ID) ([]recording.Past, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "History"); err != nil {
		return nil, err
	}
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	return slices.Clone(r.history), nil
}

// LogAccess implements retrieve.Rows.
func (s journal) LogAccess(ctx context.Context, a recording.Access) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "LogAccess"); err != nil {
		return err
	}
	a.At = asStored(a.At)
	a.Key, a.Username = recording.Printable(a.Key, 255), recording.Printable(a.Username, 255)
	a.Method, a.Remote, a.Outcome = recording.Printable(a.Method, 255), recording.Printable(a.Remote, 255), recording.Printable(a.Outcome, 4000)
	s.accesses = append(s.accesses, a)
	return nil
}

// AccessesOf returns the lines of a recording in the access log, oldest first, at
// most the newest limit of them.
func (s journal) AccessesOf(ctx context.Context, id recording.ID, limit int) ([]recording.Access, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "AccessesOf"); err != nil {
		return nil, err
	}
	lines := slices.DeleteFunc(slices.Clone(s.accesses), func(a recording.Access) bool { return a.Recording != id })
	return lines[max(0, len(lines)-max(0, limit)):], nil
}

// Accesses returns the lines of the access log, newest first, at most limit.
func (s journal) Accesses(_ context.Context, limit int) ([]recording.Access, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := slices.Clone(s.accesses)
	slices.Reverse(lines)
	return lines[:min(limit, len(lines))], nil
}

// Sums counts the recordings asked for in [from, to) by state and reason.
func (s journal) Sums(ctx context.Context, from, to time.Time) ([]recording.Sum, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Sums"); err != nil {
		return nil, err
	}
	count := map[recording.Sum]int{}
	for _, r := range s.rows {
		if !r.AskedAt.Before(asStored(from)) && r.AskedAt.Before(asStored(to)) {
			count[recording.Sum{State: r.State, Reason: r.Reason}]++
		}
	}
	var sums []recording.Sum
	for sum, n := range count {
		sum.Count = n
		sums = append(sums, sum)
	}
	life := recording.States()
	slices.SortFunc(sums, func(a, b recording.Sum) int {
		return cmp.Or(cmp.Compare(slices.Index(life, a.State), slices.Index(life, b.State)),
			strings.Compare(a.Reason.String(), b.Reason.String()), strings.Compare(a.Reason.Codes(), b.Reason.Codes()))
	})
	return sums, nil
}

// Entries implements ledger.Rows.
func (s journal) Entries(ctx context.Context, from, to time.Time) ([]recording.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Entries"); err != nil {
		return nil, err
	}
	rows := s.list(len(s.rows), func(r *row) bool { return !r.AskedAt.Before(asStored(from)) && r.AskedAt.Before(asStored(to)) })
	slices.Reverse(rows)
	var entries []recording.Entry
	for _, r := range rows {
		entries = append(entries, recording.Entry{
			ID: r.ID, State: r.State, Reason: r.Reason, AskedAt: r.AskedAt, Bytes: r.Bytes, Key: r.Key, SourceKey: r.SourceKey,
		})
	}
	return entries, nil
}

// FirstAsked implements ledger.Rows.
func (s journal) FirstAsked(ctx context.Context, from time.Time) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "FirstAsked"); err != nil {
		return time.Time{}, err
	}
	rows := s.list(len(s.rows), func(r *row) bool { return !r.AskedAt.Before(asStored(from)) })
	if len(rows) == 0 {
		return time.Time{}, nil
	}
	return rows[len(rows)-1].AskedAt, nil
}

// list returns the rows that match, newest first. The caller holds s.mu.
func (s *memory) list(limit int, match func(*row) bool) []recording.Recording {
	var found []recording.Recording
	for _, r := range s.rows {
		if match(r) {
			found = append(found, s.whole(r))
		}
	}
	slices.SortFunc(found, func(a, b recording.Recording) int {
		return cmp.Or(b.AskedAt.Compare(a.AskedAt), cmp.Compare(b.ID, a.ID))
	})
	return found[:max(0, min(limit, len(found)))]
}

// candidates is list of what is judged alone. The caller holds s.mu.
func (s *memory) candidates(limit int, match func(*row) bool) []recording.Candidate {
	var found []recording.Candidate
	for _, r := range s.list(limit, match) {
		found = append(found, r.Candidate())
	}
	return found
}

// whole returns a copy of the row with its call. The caller holds s.mu.
func (s *memory) whole(r *row) recording.Recording {
	out := r.Recording
	out.Tags, out.Tracks = slices.Clone(r.Tags), slices.Clone(r.Tracks)
	out.Call = *s.calls[r.Call.ID]
	out.Call.Parties = slices.Clone(out.Call.Parties)
	return out
}
