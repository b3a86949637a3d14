//go:build full

package mariadb

import (
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"recgate/fulltest/mariadbd"
	"recgate/recording"
	"recgate/store"
)

// BenchmarkStore measures starts, steps and look-ups on a server with 100,000
// recordings, ten of which are open. Every commit is flushed to disk.
func BenchmarkStore(b *testing.B) {
	const rows = 100_000
	server := mariadbd.Start(b)
	dsn := server.DSN(b)
	db := openStore(b, dsn)
	fill(b, db, server.Admin(b), rows)
	endAllButTen(b, server.Admin(b), dsn[strings.LastIndex(dsn, "/")+1:])
	for _, look := range []struct {
		name string
		look func(n int) (int, error)
	}{
		{"Get", func(n int) (int, error) {
			_, err := db.Get(b.Context(), newStart(n, "").ID)
			return 1, err
		}},
		{"ByTag", func(n int) (int, error) {
			list, err := db.ByTag(b.Context(), fmt.Sprintf("tag-%d", n), 10)
			return len(list), err
		}},
		{"ByUniqueID", func(n int) (int, error) {
			list, err := db.ByUniqueID(b.Context(), fmt.Sprintf("1700000000.%d", n), 10)
			return len(list), err
		}},
		{"OpenOfPBX", func(int) (int, error) {
			list, err := db.Open(b.Context(), "pbx1")
			return len(list) - 9, err
		}},
	} {
		b.Run(look.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = (n + 7919) % rows
				if found, err := look.look(n); err != nil || found != 1 {
					b.Fatal(found, err)
				}
			}
		})
	}
	var next atomic.Int64
	next.Store(rows)
	add := func(b *testing.B) recording.Recording {
		n := int(next.Add(1))
		r := newStart(n, fmt.Sprintf("1.%d", n))
		if err := db.Add(b.Context(), r); err != nil {
			b.Error(err)
		}
		return r
	}
	b.Run("Add/clients=1", func(b *testing.B) {
		for b.Loop() {
			add(b)
		}
	})
	b.Run("Add/clients=20", func(b *testing.B) {
		b.SetParallelism(10) // times GOMAXPROCS, which is 2 on the reference machine
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				add(b)
			}
		})
	})
	b.Run("Advance", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			r := add(b)
			b.StartTimer()
			if err := db.Advance(b.Context(), r.ID, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}, At: r.AskedAt}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fill adds rows recordings, without a flush for each.
func fill(b *testing.B, db *store.DB, admin *sql.DB, rows int) {
	b.Helper()
	execute(b, admin, `SET GLOBAL innodb_flush_log_at_trx_commit = 0`)
	var g errgroup.Group
	g.SetLimit(16)
	for n := range rows {
		g.Go(func() error { return db.Add(b.Context(), newStart(n, fmt.Sprintf("1.%d", n))) })
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	execute(b, admin, `SET GLOBAL innodb_flush_log_at_trx_commit = 1`)
}

// endAllButTen makes the database as it is after years.
func endAllButTen(b *testing.B, admin *sql.DB, name string) {
	b.Helper()
	execute(b, admin, `UPDATE `+name+`.recordings SET state = 'lost', channel_ended_at = asked_at WHERE id >= ?`, string(newStart(10, "").ID))
}

func execute(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}
