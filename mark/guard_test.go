package mark_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recgate/mark"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

const ours, others = "AAAAAAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBBBBBB"

// pair is a database and an archive, which are to find each other.
type pair struct {
	store *recordingtest.Store
	blobs *recordingtest.Blobs
	guard *mark.Guard
}

func newPair() *pair {
	p := &pair{store: recordingtest.NewStore(), blobs: recordingtest.NewBlobs()}
	p.restart()
	return p
}

func (p *pair) restart() {
	p.guard = mark.NewGuard(p.store, p.blobs, slog.New(slog.DiscardHandler))
	p.blobs.Guard(p.guard.Known)
}

// ready adds a row of a recording that is in the archive, wherever that is.
func (p *pair) ready(t *testing.T, n int) (key string, content []byte) {
	t.Helper()
	at := time.Now().Add(time.Duration(n) * time.Second)
	id, err := recording.NewID(at, zeros{})
	if err != nil {
		t.Fatal(err)
	}
	key, content = id.Hex()+".wav", []byte(strings.Repeat("x", 44+n))
	err = errors.Join(
		p.store.Add(t.Context(), recording.Recording{ID: id, UniqueID: string(id), AskedAt: at, Call: recording.Call{ID: string(id)}}),
		p.store.Advance(t.Context(), id, recording.Step{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "stopped"}, At: at}),
		p.store.Advance(t.Context(), id, recording.Step{To: recording.Ready, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "stopped"}, At: at, Key: key, Bytes: int64(len(content))}))
	if err != nil {
		t.Fatal(err)
	}
	return key, content
}

// written demands that a recording can be stored, or why not.
func (p *pair) written(t *testing.T, refusal string) {
	t.Helper()
	before := p.blobs.Keys()
	_, err := p.blobs.Put(t.Context(), "new", strings.NewReader("sound"))
	switch {
	case refusal == "" && err != nil:
		t.Errorf("Put: %v", err)
	case refusal != "" && (recording.CodeOf(err) != recording.Unavailable || !strings.Contains(recording.Message(err), refusal)):
		t.Errorf("Put: %v, want %q", err, refusal)
	case refusal != "" && len(p.blobs.Keys()) != len(before):
		t.Errorf("the archive holds %v", p.blobs.Keys())
	}
}

// What a database and an archive are to each other when recgate begins to
// serve with them.
func TestWhichArchive(t *testing.T) {
	for _, tt := range []struct {
		name    string
		make    func(t *testing.T, p *pair)
		plan    mark.Plan
		refusal string
	}{
		{"nothing was ever archived", func(*testing.T, *pair) {}, mark.Begin, ""},
		{"a first start that was interrupted before the mark", func(t *testing.T, p *pair) { p.knows(t, ours, false) }, mark.Begin, ""},
		{"a first start that was interrupted behind it", func(t *testing.T, p *pair) { p.knows(t, ours, false); p.carries(t, ours) }, mark.Adopt, ""},
		{"a start interrupted, and another one's mark", func(t *testing.T, p *pair) { p.knows(t, ours, false); p.carries(t, others) }, 0, "the mark of another database"},
		{"known and there", func(t *testing.T, p *pair) { p.knows(t, ours, true); p.carries(t, ours) }, mark.Known, ""},
		{"known and away", func(t *testing.T, p *pair) { p.knows(t, ours, true) }, mark.Known, `the archive carries the mark ""`},
		{"known, and another one's mark", func(t *testing.T, p *pair) { p.knows(t, ours, true); p.carries(t, others) }, mark.Known, `the archive carries the mark "B`},
		{"an empty database and another one's mark", func(t *testing.T, p *pair) { p.carries(t, others) }, 0, "the mark of another database"},
		{"an empty database and recordings", func(_ *testing.T, p *pair) { p.blobs.Set("0198c0.wav", nil) }, 0, "the archive holds recordings, but the database has none"},
		{"of an earlier version", func(t *testing.T, p *pair) { p.blobs.Set(p.ready(t, 1)) }, mark.Adopt, ""},
		{"of an earlier version, the newest missing", func(t *testing.T, p *pair) { p.blobs.Set(p.ready(t, 1)); p.ready(t, 2) }, mark.Adopt, ""},
		{"of an earlier version, away", func(t *testing.T, p *pair) { p.ready(t, 1) }, 0, "none of the newest recordings of the database is in the archive: mount"},
		{"of an earlier version, with another size", func(t *testing.T, p *pair) { key, _ := p.ready(t, 1); p.blobs.Set(key, []byte("RIFF")) }, 0, "none of the newest"},
		{"of an earlier version, and a database restored from it", func(t *testing.T, p *pair) { p.blobs.Set(p.ready(t, 1)); p.carries(t, others) }, mark.Adopt, ""},
		{"of an earlier version, and another one's archive", func(t *testing.T, p *pair) { p.ready(t, 1); p.carries(t, others) }, 0, "none of the newest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair()
			tt.make(t, p)
			known, err := p.store.Mark(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			carried, _ := p.blobs.ReadMark(t.Context()) // none is none
			for range 2 {                               // planning changes nothing
				if plan, err := p.guard.Plan(t.Context()); plan != tt.plan || (err == nil) != (plan != 0) {
					t.Errorf("Plan = %v, %v; want %v", plan, err, tt.plan)
				}
			}
			p.written(t, tt.refusal)
			now, err := p.store.Mark(t.Context())
			id, _ := p.blobs.ReadMark(t.Context()) // none is none
			switch {
			case tt.refusal == "" && (err != nil || !now.Written || now.ID != id || known.ID != "" && known.ID != id):
				t.Errorf("the database knows %+v (%v), the archive carries %q", now, err, id)
			case tt.refusal != "" && (now != known || id != carried):
				t.Errorf("the database knows %+v, and knew %+v; the archive carries %q, and carried %q", now, known, id, carried)
			}
			p.restart()
			p.written(t, tt.refusal)
		})
	}
}

func (p *pair) knows(t *testing.T, id string, written bool) {
	t.Helper()
	if err := p.store.SetMark(t.Context(), recording.ArchiveMark{}, recording.ArchiveMark{ID: id, Written: written}); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) carries(t *testing.T, id string) {
	t.Helper()
	if err := p.blobs.WriteMark(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// An archive of an earlier version that is away at the first start is
// recognised once it is back.
func TestArchiveComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair()
		key, content := p.ready(t, 1)
		p.written(t, "mount the archive")
		p.blobs.Set(key, content)
		p.written(t, "mount the archive") // not looked through at each try
		time.Sleep(3 * time.Second)
		p.written(t, "")
	})
}

// While the database cannot be reached, what it said last holds; who begins meanwhile
// knows nothing and writes nothing.
func TestMarkWhileTheDatabaseIsAway(t *testing.T) {
	p := newPair()
	p.written(t, "")
	p.store.Break()
	p.written(t, "")
	p.restart()
	p.written(t, "the database cannot be reached")
}

// Of two gateways that begin at once, both serve with the same archive.
func TestTwoGatewaysBeginOneArchive(t *testing.T) {
	p := newPair()
	guards := []*mark.Guard{p.guard, mark.NewGuard(p.store, p.blobs, slog.New(slog.DiscardHandler))}
	got := make(chan string, len(guards))
	for _, g := range guards {
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			id, err := g.Known(ctx)
			for recording.CodeOf(err) == recording.Unavailable && ctx.Err() == nil { // the other one is at it
				id, err = g.Known(ctx)
			}
			if err != nil {
				t.Error(err)
			}
			got <- id
		}()
	}
	if one, two := <-got, <-got; one != two || one == "" {
		t.Errorf("one has %q, the other one %q", one, two)
	}
}

// A new archive is an act of its own.
func TestNewArchive(t *testing.T) {
	p := newPair()
	p.blobs.Set(p.ready(t, 1))
	p.written(t, "")
	was, err := p.store.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	init := func(replace, unverified bool, wantInit, wantAdopt string) (id string) {
		t.Helper()
		id, err := p.guard.Init(t.Context(), replace)
		if !strings.Contains(recording.Message(err), wantInit) || (err == nil) != (wantInit == "") {
			t.Errorf("Init(%v) = %v, want %q", replace, err, wantInit)
		}
		if wantInit == "" {
			return id
		}
		id, err = p.guard.Adopt(t.Context(), unverified)
		if !strings.Contains(recording.Message(err), wantAdopt) || (err == nil) != (wantAdopt == "") {
			t.Errorf("Adopt(%v) = %v, want %q", unverified, err, wantAdopt)
		}
		return id
	}
	if id := init(false, false, "the database already has an archive", ""); id != was.ID {
		t.Errorf("its own archive was adopted as %q", id)
	}
	init(true, false, "the place is already in use", "")
	p.blobs = recordingtest.NewBlobs()
	p.restart()
	p.written(t, "the mark")
	init(false, false, "the database already has an archive", "there is nothing to adopt")
	id := init(true, false, "", "")
	if now, err := p.store.Mark(t.Context()); err != nil || !now.Written || now.ID != id || id == was.ID {
		t.Errorf("the database knows %+v, %v", now, err)
	}
	p.written(t, "")
	p.blobs = recordingtest.NewBlobs()
	p.blobs.Set("0198c0.wav", nil)
	p.restart()
	init(true, false, "the place is already in use", "none of the newest recordings")
	p.written(t, "the mark")
	init(true, true, "the place is already in use", "")
	p.written(t, "")
}

// zeros is chance that is none.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
