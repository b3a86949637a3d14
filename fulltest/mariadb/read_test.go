//go:build full

package mariadb

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/fulltest/wire"
	"recgate/recording"
)

// TestReadIsCutInTheMiddle breaks the connection when part of a long answer has
// come: it is read again over another one, and nothing of it is counted twice.
func TestReadIsCutInTheMiddle(t *testing.T) {
	const many, afterBytes = 200, 24 << 10
	var left atomic.Int64 // bytes of answers until the wire is cut; 0: it is not
	var cuts atomic.Int32
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	at, slash := strings.Index(dsn, "@"), strings.LastIndex(dsn, "/")
	w := wire.NewWatched(t, dsn[at+1:slash], func(_ int, up bool, b []byte) bool {
		if up || left.Load() == 0 {
			return true
		}
		if left.Add(-int64(len(b))) > 0 {
			return true
		}
		left.Store(0)
		cuts.Add(1)
		return false
	})
	db := openStore(t, dsn[:at+1]+w.Address()+dsn[slash:])
	ctx, when := t.Context(), time.UnixMilli(1_700_000_100_000)
	long := strings.Repeat("x", 400)
	for n := range many {
		rec := newStart(n, "1."+fmt.Sprint(n))
		if err := db.Add(ctx, rec); err != nil {
			t.Fatal(err)
		}
		step := recording.Step{To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonRefused, Detail: fmt.Sprint(n, long)}, At: when}
		if err := db.Advance(ctx, rec.ID, step); err != nil {
			t.Fatal(err)
		}
		if err := db.LogAccess(ctx, recording.Access{At: when, Method: "retrieve", Key: long[:200], Recording: newStart(0, "").ID, Outcome: "ok"}); err != nil {
			t.Fatal(err)
		}
		if err := db.AddTag(ctx, newStart(0, "").ID, fmt.Sprint(n, long[:200]), "", when); err != nil {
			t.Fatal(err)
		}
	}
	from, to := when.Add(-time.Hour), when.Add(time.Hour)
	for _, read := range []struct {
		what string
		want int
		do   func() (int, error)
	}{
		{"entries", many, func() (int, error) { e, err := db.Entries(ctx, from, to); return len(e), err }},
		{"sums", many, func() (int, error) { s, err := db.Sums(ctx, from, to); return len(s), err }},
		{"history", many + 2, func() (int, error) { h, err := db.History(ctx, newStart(0, "").ID); return len(h), err }},
		{"access log", many, func() (int, error) { a, err := db.AccessesOf(ctx, newStart(0, "").ID, 10*many); return len(a), err }},
	} {
		before := cuts.Load()
		left.Store(afterBytes)
		if n, err := read.do(); err != nil || n != read.want {
			t.Errorf("%s: %d lines, %v; want %d", read.what, n, err, read.want)
		}
		if left.Store(0); cuts.Load() != before+1 {
			t.Errorf("%s: the answer was cut %d times, want once", read.what, cuts.Load()-before)
		}
	}
}
