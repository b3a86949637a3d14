package main

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"recgate/blob"
	"recgate/mark"
	"recgate/recording"
	"recgate/store"
)

// scene is the command of that name in scripts: it makes in the script's
// folder what serve leaves behind.
//
//	scene healthy   recgate.db, archive and spool hold one recording that is
//	                ready and was fetched twice, and two that share a tag
//	scene broken    makes of it what must never be: see broken
//	scene former    recgate.db is of the version before reasons had codes
func scene(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: scene healthy|broken|former")
	}
	ctx := context.Background()
	dir := ts.Getenv("WORK")
	if args[0] == "former" {
		former(ctx, ts, filepath.Join(dir, "recgate.db"))
		return
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "recgate.db"), store.Options{})
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	_, err = db.Migrate(ctx)
	ts.Check(err)
	var guard *mark.Guard
	archive := blob.NewDisk(filepath.Join(dir, "archive"), func(ctx context.Context) (string, error) { return guard.Known(ctx) })
	guard = mark.NewGuard(db, archive, slog.New(slog.DiscardHandler))
	s := set{ts, ctx, db, archive, filepath.Join(dir, "spool")}
	ts.Check(os.MkdirAll(s.spool, 0o755))
	switch args[0] {
	case "healthy":
		s.addHealthy()
	case "broken":
		s.addBroken()
	default:
		ts.Fatalf("there is no scene %q", args[0])
	}
}

// former loads a database from a dump.
func former(ctx context.Context, ts *testscript.TestScript, path string) {
	dump, err := os.ReadFile("../../store/testdata/version-0012.sqlite.sql")
	ts.Check(err)
	db, err := sql.Open("sqlite", path)
	ts.Check(err)
	_, err = db.ExecContext(ctx, string(dump))
	ts.Check(errors.Join(err, db.Close()))
}

// set is where a scene is made.
type set struct {
	ts      *testscript.TestScript
	ctx     context.Context //nolint:containedctx // of one command
	db      *store.DB
	archive *blob.Disk
	spool   string
}

// noon is when the recordings of scenes were asked for.
var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// id returns the id of the n-th recording, asked for n seconds past noon.
func (s set) id(n int) recording.ID {
	ms := uint64(noon.Add(time.Duration(n) * time.Second).UnixMilli())
	id, err := recording.ParseID(fmt.Sprintf("%012x70008000%012x", ms, n))
	s.ts.Check(err)
	return id
}

// add writes the row of a recording of 410 with a tag.
func (s set) add(n int, tag string) recording.ID {
	id, unique := s.id(n), fmt.Sprintf("1793620800.%d", n)
	at := noon.Add(time.Duration(n) * time.Second)
	s.ts.Check(s.db.Add(s.ctx, recording.Recording{
		ID: id, Reason: recording.Reason{Code: recording.ReasonAsked}, PBX: "pbx1", Channel: fmt.Sprintf("SIP/410-%08x", n), UniqueID: unique, Extension: "410",
		Tags: []string{tag}, AskedBy: "192.0.2.7", AskedAt: at,
		Call: recording.Call{ID: "call-" + unique, PBX: "pbx1", LinkedID: unique, StartedAt: at.Add(-5 * time.Second), Parties: []recording.Party{
			{Channel: fmt.Sprintf("SIP/410-%08x", n), UniqueID: unique, Extension: "410"},
		}},
	}))
	return id
}

func (s set) step(id recording.ID, step recording.Step) {
	rec, err := s.db.Get(s.ctx, id)
	s.ts.Check(err)
	step.At = rec.AskedAt.Add(time.Second)
	s.ts.Check(s.db.Advance(s.ctx, id, step))
}

// ready brings a recording into the archive.
func (s set) ready(id recording.ID) string {
	s.step(id, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonRecording}, Recorder: "mixmonitor", Handle: "0x7f01", Said: "by mixmonitor 0x7f01"})
	s.step(id, recording.Step{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonHungUp}})
	key := id.Hex() + ".wav"
	n, err := s.archive.Put(s.ctx, key, strings.NewReader("not really a WAV"))
	s.ts.Check(err)
	s.step(id, recording.Step{To: recording.Ready, Reason: recording.Reason{Code: recording.ReasonHungUp}, Key: key, Bytes: n, Duration: time.Second, SHA256: strings.Repeat("0", 64)})
	return key
}

func (s set) addHealthy() {
	for n, tag := range []string{"O'Brien 22", "shared", "shared"} {
		s.ready(s.add(n+1, tag))
	}
	for i, outcome := range []string{"ok", "the recording is private"} {
		at := noon.Add(time.Duration(i+1) * time.Hour)
		s.ts.Check(s.db.LogAccess(s.ctx, recording.Access{
			At: at, Method: "retrieve", Key: "O'Brien 22", Username: "fred\x1b[2J", Remote: "192.0.2.9", Recording: s.id(1), Outcome: outcome,
		}))
	}
}

// addBroken adds one of each that is unexplained, and a start that failed, which
// is not.
func (s set) addBroken() {
	s.add(10, "starting for days")
	s.step(s.add(11, "collecting for days"), recording.Step{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonStopped}})
	s.ts.Check(s.archive.Remove(s.ctx, s.ready(s.add(12, "gone"))))
	_, err := s.archive.Put(s.ctx, s.ready(s.add(13, "short")), strings.NewReader("short"))
	s.ts.Check(err)
	s.step(s.add(14, "for no reason"), recording.Step{To: recording.Failed})
	s.step(s.add(15, "refused"), recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "refused"}})
	_, err = s.archive.Put(s.ctx, s.id(16).Hex()+".wav", strings.NewReader("no row"))
	s.ts.Check(err)
	s.file(recording.MixedFile(s.id(17)))
	running := s.add(18, "closed for days")
	s.file(recording.MixedFile(running))
	s.step(running, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonRecording}, Tracks: []recording.Track{{File: recording.MixedFile(running), Voice: recording.Mixed}}})
}

// file writes a closed WAV of two samples into the spool, long ago.
func (s set) file(name string) {
	h := append([]byte("RIFF"), 40, 0, 0, 0)
	h = append(h, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, 8000, 16000, 2 | 16<<16} {
		h = binary.LittleEndian.AppendUint32(h, v)
	}
	h = append(append(h, "data"...), 4, 0, 0, 0, 1, 0, 2, 0)
	name = filepath.Join(s.spool, name)
	s.ts.Check(os.WriteFile(name, h, 0o600))
	s.ts.Check(os.Chtimes(name, noon, noon))
}
