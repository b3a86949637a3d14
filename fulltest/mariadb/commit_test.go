//go:build full

package mariadb

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/fulltest/wire"
	"recgate/recording"
)

// relay stands between a store and its server, and can lose the answer to a
// commit: the connection breaks after the server has made it.
type relay struct {
	*wire.Wire
	armed atomic.Bool
	lost  atomic.Int32
	mu    sync.Mutex   // guards drop
	drop  map[int]bool // the connections whose next answer is lost
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	r := &relay{drop: map[int]bool{}}
	r.Wire = wire.NewWatched(t, server, r.pass)
	return r
}

// pass lets everything pass but the answer to the commit.
func (r *relay) pass(conn int, up bool, b []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if up && bytes.Contains(b, []byte("\x03COMMIT")) && r.armed.CompareAndSwap(true, false) {
		r.drop[conn] = true
		r.lost.Add(1)
	}
	return up || !r.drop[conn]
}

// TestLostCommit loses the answer to the commit of every kind of change: the
// change is made once, and its caller does not notice.
func TestLostCommit(t *testing.T) {
	server := mariadbd.Start(t)
	dsn := server.DSN(t)
	at, slash := strings.Index(dsn, "@"), strings.LastIndex(dsn, "/")
	r := newRelay(t, dsn[at+1:slash])
	db := openStore(t, dsn[:at+1]+r.Address()+dsn[slash:])
	ctx, rec := t.Context(), newStart(1, "1.1")
	when := time.UnixMilli(1_700_000_100_000)
	changes := []struct {
		what string
		do   func() error
	}{
		{"add", func() error { return db.Add(ctx, rec) }},
		{"step", func() error {
			return db.Advance(ctx, rec.ID, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}, At: when})
		}},
		{"tag", func() error { return db.AddTag(ctx, rec.ID, "b", "192.0.2.7", when) }},
		{"move", func() error {
			return db.Move(ctx, rec.ID, recording.Party{Channel: "SIP/420-1", UniqueID: "9.9"}, when)
		}},
		{"event", func() error {
			return db.ChannelEvent(ctx, recording.ChannelNote{PBX: "pbx1", LinkedID: "1.1", Party: recording.Party{UniqueID: "9.9"}, EndedAt: when})
		}},
		{"lease", func() error {
			got, err := db.TryLease(ctx, "sweep", "one", time.Hour)
			if !got {
				t.Error("the lease is not held")
			}
			return err
		}},
		{"access", func() error {
			return db.LogAccess(ctx, recording.Access{At: when, Method: "retrieve", Recording: rec.ID, Outcome: "ok"})
		}},
	}
	for _, c := range changes {
		r.armed.Store(true)
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if n := int(r.lost.Load()); n != len(changes) {
		t.Fatalf("%d answers were lost, want %d", n, len(changes))
	}
	past, err := db.History(ctx, rec.ID)
	if err != nil || len(past) != 4 {
		t.Errorf("history %v, %v; want start, step, tag and move", past, err)
	}
	got, err := db.Get(ctx, rec.ID)
	if err != nil || got.State != recording.Running || got.UniqueID != "9.9" || len(got.Tags) != 2 || len(got.Call.Parties) != 2 || got.InProgress() {
		t.Errorf("%+v, %v", got, err)
	}
	if lines, err := db.AccessesOf(ctx, rec.ID, 10); err != nil || len(lines) != 1 {
		t.Errorf("access log %v, %v; want one line", lines, err)
	}
}
