package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"recgate/recording"
)

// benchRecording returns the n-th recording, as a start writes it. A tag is
// carried by ten recordings.
func benchRecording(n int) recording.Recording {
	unique := fmt.Sprintf("1700000000.%d", n)
	return recording.Recording{
		ID: recording.ID(fmt.Sprintf("0198c0de-0000-7000-8000-%012x", n)), PBX: "pbx1", UniqueID: unique, Extension: fmt.Sprint(400 + n%50),
		Channel: "SIP/410-1", AskedAt: time.UnixMilli(1_700_000_000_000 + int64(n)), Reason: recording.Reason{Code: recording.ReasonAsked}, Tags: []string{fmt.Sprintf("tag-%d", n/10)},
		Call: recording.Call{
			ID: fmt.Sprintf("call-%d", n), PBX: "pbx1", LinkedID: unique, StartedAt: time.UnixMilli(1_700_000_000_000),
			Parties: []recording.Party{
				{Channel: "SIP/410-1", UniqueID: unique, Extension: "410"},
				{Channel: "SIP/411-1", UniqueID: "2" + unique, Extension: "411"},
			},
		},
	}
}

// alone is what group is measured against: a transaction for each change.
type alone struct{ *retrier }

func (a alone) write(ctx context.Context, c change) error {
	t, err := a.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := c(ctx, tx{sql: t, dialect: a.dialect}); err != nil {
		return err
	}
	return t.Commit()
}

// benchDB returns a database on the disk of TMPDIR with rows recordings.
func benchDB(b *testing.B, rows int) *DB {
	b.Helper()
	db, err := Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "recgate.db"), Options{Timeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	for from := 0; from < rows; from += 1000 {
		err := db.write(b.Context(), "fill", func(ctx context.Context, t tx) error {
			for n := from; n < min(from+1000, rows); n++ {
				if err := addRecording(ctx, t, benchRecording(n)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// BenchmarkAdd writes starts from one client and from twenty, sharing commits
// and with a commit for each.
func BenchmarkAdd(b *testing.B) {
	db := benchDB(b, 0)
	var n atomic.Int64
	for _, writer := range []struct {
		name string
		writer
	}{{"shared", db.writer}, {"alone", alone{&retrier{pool: db.writes, dialect: db.dialect}}}} {
		for _, clients := range []int{1, 20} {
			b.Run(fmt.Sprintf("%s/clients=%d", writer.name, clients), func(b *testing.B) {
				db := *db
				db.writer = writer
				b.SetParallelism((clients + 1) / 2) // times GOMAXPROCS, which is 2 on the reference machine
				add := func() {
					if err := db.Add(b.Context(), benchRecording(int(n.Add(1)))); err != nil {
						b.Error(err)
					}
				}
				if clients == 1 {
					for b.Loop() {
						add()
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						add()
					}
				})
			})
		}
	}
}

// BenchmarkByTag finds the ten recordings of a tag, and one.
func BenchmarkByTag(b *testing.B) {
	db := benchDB(b, 1000)
	for _, limit := range []int{10, 1} {
		b.Run(fmt.Sprintf("recordings=%d", limit), func(b *testing.B) {
			for b.Loop() {
				if list, err := db.ByTag(b.Context(), "tag-7", limit); err != nil || len(list) != limit {
					b.Fatalf("%d recordings: %v", len(list), err)
				}
			}
		})
	}
}

func BenchmarkAdvance(b *testing.B) {
	db := benchDB(b, 1000)
	n := 1000
	for b.Loop() {
		b.StopTimer()
		r := benchRecording(n)
		if err := db.Add(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		n++
		b.StartTimer()
		if err := db.Advance(b.Context(), r.ID, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}, At: r.AskedAt, Handle: "1"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLookup reads among 100,000 recordings.
func BenchmarkLookup(b *testing.B) {
	const rows = 100_000
	db := benchDB(b, rows)
	for name, look := range map[string]func(n int) (int, error){
		"Get": func(n int) (int, error) {
			_, err := db.Get(b.Context(), benchRecording(n).ID)
			return 1, err
		},
		"ByTag": func(n int) (int, error) {
			list, err := db.ByTag(b.Context(), fmt.Sprintf("tag-%d", n/10), 10)
			return len(list) - 9, err
		},
		"ByUniqueID": func(n int) (int, error) {
			list, err := db.ByUniqueID(b.Context(), benchRecording(n).UniqueID, 10)
			return len(list), err
		},
		"ByUniqueIDOfParty": func(n int) (int, error) {
			list, err := db.ByUniqueID(b.Context(), "2"+benchRecording(n).UniqueID, 10)
			return len(list), err
		},
		"OnChannel": func(n int) (int, error) {
			list, err := db.OnChannel(b.Context(), "pbx1", benchRecording(n).UniqueID)
			return len(list), err
		},
	} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = (n + 7919) % rows
				if found, err := look(n); err != nil || found != 1 {
					b.Fatal(found, err)
				}
			}
		})
	}
}
