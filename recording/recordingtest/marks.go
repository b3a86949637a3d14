package recordingtest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/mark"
	"recgate/recording"
)

// MarkedDB is a database that knows its archive.
type MarkedDB struct {
	DB
	mark.Store
}

// MarkedStore returns the fake as a database that knows its archive.
func MarkedStore() MarkedDB {
	s := NewStore()
	return MarkedDB{Of(s), s}
}

// TestMarkStore is the contract of mark.Store as code. open returns
// an empty store, as for TestStore.
func TestMarkStore(t *testing.T, open func(t *testing.T) MarkedDB) {
	one, two := recording.ArchiveMark{ID: strings.Repeat("A", 26)}, recording.ArchiveMark{ID: strings.Repeat("B", 26)}
	is := func(t *testing.T, s mark.Store, want recording.ArchiveMark) {
		t.Helper()
		if m, err := s.Mark(t.Context()); err != nil || m != want {
			t.Errorf("Mark = %+v, %v; want %+v", m, err, want)
		}
	}
	t.Run("a mark is replaced by who knows it", func(t *testing.T) {
		s, written := open(t), recording.ArchiveMark{ID: one.ID, Written: true}
		is(t, s, recording.ArchiveMark{})
		for _, step := range []struct {
			was, now, then recording.ArchiveMark
			allowed        bool
		}{
			{one, two, recording.ArchiveMark{}, false},
			{recording.ArchiveMark{}, one, one, true},
			{recording.ArchiveMark{}, two, one, false},
			{one, written, written, true},
			{one, two, written, false},
			{two, one, written, false},
			{written, two, two, true},
		} {
			err := s.SetMark(t.Context(), step.was, step.now)
			if (err == nil) != step.allowed || err != nil && recording.CodeOf(err) != recording.Conflict {
				t.Errorf("SetMark(%+v, %+v) = %v", step.was, step.now, err)
			}
			is(t, s, step.then)
		}
	})
	t.Run("of simultaneous first marks one stays", func(t *testing.T) { oneMarkStays(t, open(t), one, two) })
	t.Run("the newest archived recordings", func(t *testing.T) { newestArchived(t, open(t)) })
}

func oneMarkStays(t *testing.T, s mark.Store, marks ...recording.ArchiveMark) {
	errs := make([]error, len(marks))
	var wg sync.WaitGroup
	for i, m := range marks {
		wg.Go(func() { errs[i] = s.SetMark(t.Context(), recording.ArchiveMark{}, m) })
	}
	await.Return(t, "all writers to return", wg.Wait)
	now, err := s.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range marks {
		if (errs[i] == nil) != (m == now) || errs[i] != nil && recording.CodeOf(errs[i]) != recording.Conflict {
			t.Errorf("SetMark(%+v) = %v, and the mark is %+v", m, errs[i], now)
		}
	}
}

func newestArchived(t *testing.T, s MarkedDB) {
	ctx, at := t.Context(), time.UnixMilli(1_700_000_000_000).UTC()
	var ids []recording.ID
	for n := range 4 {
		id, err := recording.NewID(at.Add(time.Duration(n)*time.Second), strings.NewReader(strings.Repeat(string(rune('a'+n)), 10)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		asked := at.Add(time.Duration(n) * time.Second)
		err = errors.Join(s.Add(ctx, recording.Recording{ID: id, UniqueID: string(id), AskedAt: asked, Call: recording.Call{ID: string(id)}}),
			s.Advance(ctx, id, recording.Step{To: recording.Collecting, Reason: because("stopped"), At: asked}))
		if n != 2 { // it is not archived yet
			err = errors.Join(err, s.Advance(ctx, id, recording.Step{To: recording.Ready, Reason: because("stopped"), At: asked, Key: id.Hex() + ".wav", Bytes: int64(44 + n)}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Archived(ctx, 2)
	if err != nil || len(got) != 2 || got[0].ID != ids[3] || got[1].ID != ids[1] || got[0].Bytes != 47 || got[0].Key != ids[3].Hex()+".wav" {
		t.Errorf("Archived(2) = %+v, %v", got, err)
	}
	if got, err := s.Archived(ctx, 10); err != nil || len(got) != 3 {
		t.Errorf("Archived(10) = %+v, %v", got, err)
	}
}

// MarkedBlobs is an archive that may carry a mark.
type MarkedBlobs struct {
	recording.Blobs
	recording.Lister
	mark.Place
	Forgetful
}

// Forgetful is a place whose mark can be removed past the contract.
type Forgetful interface{ ForgetMark(t testing.TB) }

// MarkedOf hands a place to the suite.
func MarkedOf[B interface {
	recording.Blobs
	recording.Lister
	mark.Place
	Forgetful
}](b B) MarkedBlobs {
	return MarkedBlobs{b, b, b, b}
}

// TestMarkedBlobs is the contract of mark.Place as code, and of
// Blobs where the mark is not the one that is known. open returns a place that
// was not used yet, which asks known for the id.
func TestMarkedBlobs(t *testing.T, open func(t *testing.T, known func(context.Context) (string, error)) MarkedBlobs) {
	const ours, others = "AAAAAAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBBBBBB"
	for _, tt := range []struct {
		name, writes, known string
		away                error // why nothing is known
		reads               bool  // what is not there is NotFound
		may                 bool  // writes
	}{
		{name: "its own mark", writes: ours, known: ours, reads: true, may: true},
		{name: "no mark", known: ours},
		{name: "the mark of another", writes: others, known: ours},
		{name: "somebody who only looks", known: "", reads: true},
		{name: "nobody can say which", writes: ours, away: recording.Errorf(recording.Unavailable, "the database cannot be reached")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known := ours
			var away error
			b := open(t, func(context.Context) (string, error) { return known, away })
			begin(t, b, ours)
			putBlob(t, b, blobKey, []byte("kept"))
			b.ForgetMark(t)
			if tt.writes != "" {
				begin(t, b, tt.writes)
			}
			known, away = tt.known, tt.away
			tryArchive(t, b, tt.may, tt.reads)
		})
	}
	t.Run("a new place", func(t *testing.T) {
		newPlace(t, open(t, func(context.Context) (string, error) { return ours, nil }), ours, others)
	})
}

// begin marks a place.
func begin(t *testing.T, b mark.Place, id string) {
	t.Helper()
	if err := b.WriteMark(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got, err := b.ReadMark(t.Context()); err != nil || got != id {
		t.Fatalf("ReadMark = %q, %v; want %q", got, err, id)
	}
}

// tryArchive tries what may be done with an archive that holds one blob.
func tryArchive(t *testing.T, b MarkedBlobs, may, reads bool) {
	t.Helper()
	is := func(what string, err error, want bool) {
		t.Helper()
		if (err == nil) != want || err != nil && recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("%s = %v, want it allowed: %v", what, err, want)
		}
	}
	_, err := b.Put(t.Context(), blobKeyTwo, strings.NewReader("new"))
	is("Put", err, may)
	is("Remove", b.Remove(t.Context(), blobKeyTwo), may)
	is("List", b.List(t.Context(), "", func(string) error { return nil }), reads)
	_, err = b.Folders(t.Context())
	is("Folders", err, reads)
	_, _, err = b.Open(t.Context(), blobKeyTwo)
	if want := map[bool]recording.Code{true: recording.NotFound, false: recording.Unavailable}[reads]; recording.CodeOf(err) != want {
		t.Errorf("Open of what is not there = %v", err)
	}
	wantBlob(t, b, blobKey, []byte("kept")) // what is there is ours: its name says so
	if size, err := b.SizeOf(t.Context(), blobKey); err != nil || size != 4 {
		t.Errorf("SizeOf = %d, %v", size, err)
	}
	if _, err := b.SizeOf(t.Context(), blobKeyTwo); recording.CodeOf(err) != recording.NotFound {
		t.Errorf("SizeOf what is not there = %v", err)
	}
}

func newPlace(t *testing.T, b MarkedBlobs, ours, others string) {
	holds := func(want bool) {
		t.Helper()
		if got, err := b.HoldsAny(t.Context()); err != nil || got != want {
			t.Errorf("HoldsAny = %v, %v; want %v", got, err, want)
		}
	}
	if id, err := b.ReadMark(t.Context()); recording.CodeOf(err) != recording.NotFound {
		t.Errorf("ReadMark = %q, %v", id, err)
	}
	if _, err := b.SizeOf(t.Context(), blobKey); recording.CodeOf(err) != recording.NotFound {
		t.Errorf("SizeOf = %v", err)
	}
	holds(false)
	begin(t, b, ours)
	begin(t, b, ours)
	holds(false)
	if err := b.WriteMark(t.Context(), others); recording.CodeOf(err) != recording.Conflict {
		t.Errorf("WriteMark of another id = %v", err)
	}
	if id, err := b.ReadMark(t.Context()); err != nil || id != ours {
		t.Errorf("ReadMark = %q, %v", id, err)
	}
	putBlob(t, b, blobKey, []byte("kept"))
	holds(true)
	listed := 0
	if err := b.List(t.Context(), "", func(string) error { listed++; return nil }); err != nil || listed != 1 {
		t.Errorf("List shows %d, %v; the mark is not a recording", listed, err)
	}
}
