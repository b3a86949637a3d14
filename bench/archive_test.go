package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"recgate/audio"
	"recgate/audio/audiotest"
	"recgate/blob"
	"recgate/recording"
	"recgate/store"
)

// An hour of a telephone call is 57.6 MB, a minute 960 kB.
const (
	hourSeconds   = 3600
	hourBytes     = audio.HeaderBytes + hourSeconds*audiotest.Rate*2
	minuteSeconds = 60
)

// recordings is a folder with a database and an archive that hold recordings
// of one length, tagged hour-0, hour-1 and so on.
type recordings struct {
	dir     string
	seconds int
	bytes   int64  // of each WAV
	wav     string // the file of each of them
	sha256  string
}

func newHours(b *testing.B, n int) recordings { return newRecordings(b, n, hourSeconds) }

// newRecordings makes n recordings. Each has its row and its key; to spare the
// disk, their files are names of one file, which the server cannot notice: it
// opens and reads each name by itself.
func newRecordings(b *testing.B, n, seconds int) recordings {
	b.Helper()
	return newRecordingsIn(b, b.TempDir(), n, seconds)
}

// newRecordingsIn makes them in dir, in the database of an older recgate where
// there is one, which would not open a newer one.
func newRecordingsIn(b *testing.B, dir string, n, seconds int) recordings {
	b.Helper()
	h := recordings{dir: dir, seconds: seconds, bytes: int64(audio.HeaderBytes + seconds*audiotest.Rate*2)}
	const mark = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" // serve recognises the archive by its recordings
	disk := blob.NewDisk(archive(h.dir), func(context.Context) (string, error) { return mark, nil })
	if err := disk.WriteMark(b.Context(), mark); err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(b.Context(), database(h.dir), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if version, err := db.Version(b.Context()); err != nil {
		b.Fatal(err)
	} else if version == 0 {
		if _, err := db.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		id, err := recording.NewID(time.Now(), zeros{byte(i)})
		if err != nil {
			b.Fatal(err)
		}
		key := string(id) + ".wav"
		if i == 0 {
			h.put(b, disk, key)
		} else {
			h.link(b, key)
		}
		h.row(b, db, id, key, fmt.Sprintf("hour-%d", i))
	}
	return h
}

// put makes the first file: noise, so that no two blocks are the same.
func (h *recordings) put(b *testing.B, disk *blob.Disk, key string) {
	b.Helper()
	header, err := audio.Header(audiotest.Rate, 1, h.bytes-audio.HeaderBytes)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.New()
	wav := io.TeeReader(io.MultiReader(newBytes(header), io.LimitReader(newNoise(), h.bytes-audio.HeaderBytes)), sum)
	if n, err := disk.Put(b.Context(), key, wav); err != nil || n != h.bytes {
		b.Fatalf("%d bytes put, %v", n, err)
	}
	h.wav, h.sha256 = filepath.Join(archive(h.dir), key[:6], key), hex.EncodeToString(sum.Sum(nil))
}

func (h *recordings) link(b *testing.B, key string) {
	b.Helper()
	name := filepath.Join(archive(h.dir), key[:6], key)
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		b.Fatal(err)
	}
	if err := os.Link(h.wav, name); err != nil {
		b.Fatal(err)
	}
}

// row takes a recording through its life up to the archive and the hangup.
func (h *recordings) row(b *testing.B, db *store.DB, id recording.ID, key, tag string) {
	b.Helper()
	now := time.Now()
	party := recording.Party{Channel: "PJSIP/410-00000001", UniqueID: "1700000000." + key[:8], Extension: "410"}
	err := db.Add(b.Context(), recording.Recording{
		ID: id, PBX: "pbx1", UniqueID: party.UniqueID, Channel: party.Channel, Extension: "410", AskedAt: now, Reason: recording.Reason{Code: recording.ReasonAsked}, Tags: []string{tag},
		Call: recording.Call{ID: string(id), PBX: "pbx1", LinkedID: string(id), StartedAt: now, Parties: []recording.Party{party}},
	})
	for _, step := range []recording.Step{
		{To: recording.Running, Recorder: "mixmonitor", StartedAt: now},
		{To: recording.Collecting, StoppedAt: now.Add(time.Duration(h.seconds) * time.Second)},
		{To: recording.Ready, Duration: time.Duration(h.seconds) * time.Second, Bytes: h.bytes, SHA256: h.sha256, Key: key},
	} {
		step.At, step.Reason.Code = now, recording.ReasonStopped
		if err == nil {
			err = db.Advance(b.Context(), id, step)
		}
	}
	if err == nil {
		err = db.ChannelEvent(b.Context(), recording.ChannelNote{PBX: "pbx1", LinkedID: string(id), Party: party, EndedAt: now, CallEnded: true})
	}
	if err != nil {
		b.Fatal(err)
	}
}
