// Package office puts the rooms of the core together on fakes, for their tests:
// two PBXs, a database and an archive in memory, inside a bubble of its own time.
package office

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/audio"
	"recgate/book"
	"recgate/collect"
	"recgate/job"
	"recgate/ledger"
	"recgate/recorder"
	"recgate/recording"
	"recgate/recording/recordingtest"
	"recgate/retrieve"
)

// Options are the settings of one process. The zero value is usable.
type Options struct {
	Holder     string // of leases; empty: the process is alone
	MaxLength  time.Duration
	DuringCall bool // recordings may be retrieved during their call
	Room       func(pbx string) error
	Now        func() time.Time
	Happened   func(recording.Happening)

	// What stands in for the store; nil: nothing does.
	Rows   recorder.Rows
	Writer recorder.Writer
	Leases job.Leases
}

// Office is one process: the rooms of the core, and the fakes behind them.
type Office struct {
	*recorder.Recorder
	*retrieve.Retriever
	*ledger.Ledger
	*collect.Collector
	Book *book.Book

	Store  *recordingtest.Store
	Blobs  *recordingtest.Blobs
	PBX    *recordingtest.PBX // pbx1
	Second *recordingtest.PBX // pbx2

	Around  func(recording.PBX) recording.PBX // what the process gets instead of PBX; may be nil
	Archive recording.Blobs                   // what it gets instead of Blobs; may be nil
}

// In runs a test against a process that serves.
func In(t *testing.T, o Options, test func(t *testing.T, of *Office)) {
	synctest.Test(t, func(t *testing.T) {
		of := New()
		of.Open(t, o)
		test(t, of)
	})
}

// New is an office whose process does not serve yet.
func New() *Office {
	return &Office{
		Store: recordingtest.NewStore(), Blobs: recordingtest.NewBlobs(),
		PBX: recordingtest.NewPBX("pbx1"), Second: recordingtest.NewPBX("pbx2"),
	}
}

// Open has a process serve on the office's stores, and returns what ends it.
func (of *Office) Open(t *testing.T, o Options) (end func()) {
	of.build(o)
	end = of.Serve(t)
	synctest.Wait()
	return end
}

// Serve has the process serve, and returns what ends it.
func (of *Office) Serve(t *testing.T) (end func()) {
	runs := []func(context.Context) error{of.Recorder.Run, of.Collector.Run, of.Ledger.Run}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range runs {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	end = func() {
		cancel()
		wg.Wait()
	}
	t.Cleanup(end)
	return end
}

// Beside is a second process on the same stores and PBXs, which does not serve
// yet.
func (of *Office) Beside(o Options) *Office {
	other := *of
	other.build(o)
	return &other
}

// build puts the rooms together.
func (of *Office) build(o Options) {
	o = of.complete(o)
	first := of.PBX.PBX()
	if of.Around != nil {
		first = of.Around(first)
	}
	blobs := recording.Blobs(of.Blobs)
	if of.Archive != nil {
		blobs = of.Archive
	}
	log := slog.New(slog.DiscardHandler)
	pbxs, claims := recording.PBXs{first, of.Second.PBX()}, job.Claims{Leases: o.Leases, Holder: o.Holder, Log: log}
	of.Book = book.New()
	steps := &book.Steps{Book: of.Book, Rows: of.Store, Shared: !claims.IsAlone(), Now: o.Now, Log: log, Happened: o.Happened}
	of.Ledger = ledger.New(ledger.Parts{
		PBXs: pbxs, Rows: of.Store, Archive: listedBlobs{blobs, of.Blobs}, Sound: audio.Files{}, Claims: claims,
		MaxLength: o.MaxLength, Now: o.Now, Log: log,
	})
	of.Collector = collect.New(collect.Parts{
		PBXs: pbxs, Rows: of.Store, Archive: blobs, Sound: audio.Files{}, Book: of.Book, Steps: steps, Claims: claims,
		Findings: of.Ledger, Now: o.Now, Log: log, Happened: o.Happened,
	})
	of.Retriever = retrieve.New(retrieve.Parts{
		PBXs: pbxs, Rows: of.Store, Archive: blobs, Book: of.Book, DuringCall: o.DuringCall, Deadline: deadline,
		Now: o.Now, Log: log, Happened: o.Happened,
	})
	of.Recorder = recorder.New(recorder.Parts{
		PBXs: pbxs, Rows: o.Rows, Writer: o.Writer, Sound: audio.Files{}, Book: of.Book, Steps: steps, Claims: claims,
		Collector: of.Collector, Deadline: deadline, MaxLength: o.MaxLength, Room: o.Room, Now: o.Now, Log: log, Happened: o.Happened,
	})
}

const deadline = 4500 * time.Millisecond

// complete fills in the fakes for everything that o leaves out.
func (of *Office) complete(o Options) Options {
	if o.Room == nil {
		o.Room = func(string) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Happened == nil {
		o.Happened = func(recording.Happening) {}
	}
	if o.Rows == nil {
		o.Rows = of.Store
	}
	if o.Writer == nil {
		o.Writer = of.Store
	}
	if o.Leases == nil {
		o.Leases = of.Store
	}
	return o
}

// listedBlobs is an archive whose list is another's.
type listedBlobs struct {
	recording.Blobs
	recording.Lister
}

// Record starts a recording that must be accepted.
func (of *Office) Record(t *testing.T, target, tag string) recording.Recording {
	t.Helper()
	rec, err := of.Start(t.Context(), recording.StartRequest{Target: target, Tag: tag, Actor: recording.Actor{Remote: "192.0.2.7"}})
	if err != nil {
		t.Fatalf("Start(%q, %q): %v", target, tag, err)
	}
	return rec
}

// Halt stops a recording, which must be there.
func (of *Office) Halt(t *testing.T, target string) recording.Recording {
	t.Helper()
	rec, err := of.Stop(t.Context(), recording.StopRequest{Target: target})
	if err != nil {
		t.Fatalf("Stop(%q): %v", target, err)
	}
	return rec
}

// OnChannel returns the whole recordings of a channel, the newest first.
func (of *Office) OnChannel(t *testing.T, uniqueID string) []recording.Recording {
	t.Helper()
	found, err := of.Store.ByUniqueID(t.Context(), uniqueID, 10)
	if err != nil {
		t.Fatal(err)
	}
	var rows []recording.Recording
	for _, c := range found {
		rows = append(rows, of.AwaitSettled(t, c.ID))
	}
	return rows
}

// AwaitSettled waits until a recording has been brought as far as it goes for now.
func (of *Office) AwaitSettled(t *testing.T, id recording.ID) recording.Recording {
	t.Helper()
	time.Sleep(15 * time.Second) // of the bubble
	rec, err := of.Store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// Finish records a call with sound of a given length and hangs up.
func (of *Office) Finish(t *testing.T, tag string, d time.Duration) recording.Recording {
	t.Helper()
	caller, _ := of.PBX.Call(t, "410", "411")
	rec := of.Record(t, caller, tag)
	of.PBX.Pass(d)
	of.PBX.Hangup(t, caller)
	return of.AwaitSettled(t, rec.ID)
}

// Talk records a call that lasts a given time. At its hangup less may have been
// written to the file, and the PBX does not close the file.
func (of *Office) Talk(t *testing.T, lasts, written time.Duration) recording.Recording {
	t.Helper()
	of.PBX.Late()
	caller, _ := of.PBX.Call(t, "410", "411")
	rec := of.Record(t, "410", "22")
	time.Sleep(lasts)
	of.PBX.Pass(written)
	of.PBX.Hangup(t, caller)
	return rec
}

// Fetch retrieves a recording by its tag.
func (of *Office) Fetch(t *testing.T, tag string) []byte {
	t.Helper()
	a, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: tag, Actor: recording.Actor{Username: "fred", Remote: "192.0.2.7"}})
	if err != nil {
		t.Fatalf("Retrieve(%q): %v", tag, err)
	}
	return Read(t, a)
}

// Read takes all of what was retrieved, and closes it.
func Read(t *testing.T, a *recording.Audio) []byte {
	t.Helper()
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	wav, err := io.ReadAll(a)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(wav)) != a.Bytes {
		t.Errorf("%d bytes, announced %d", len(wav), a.Bytes)
	}
	return wav
}
