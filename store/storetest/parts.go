package storetest

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/recording"
	"recgate/store"
)

// TestCallParts is about a call that turned out to be part of another: what has
// its linked id belongs to the whole, from then on and as long as the whole goes
// on. raw is the database of db, which is empty.
func TestCallParts(t *testing.T, db *store.DB, raw *sql.DB) {
	addOf(t, db, 1, "1.1")
	addOf(t, db, 2, "2.2")
	execute(t, raw, `INSERT INTO call_parts (call_id, part_of) VALUES ('call-2', 'call-1')`)
	execute(t, raw, `UPDATE recordings SET call_id = 'call-1' WHERE call_id = 'call-2'`)

	addOf(t, db, 3, "2.2")
	late := recording.Party{Channel: "SIP/419-9", UniqueID: "9.9"}
	note(t, db, recording.ChannelNote{PBX: "pbx1", LinkedID: "2.2", Party: late, AnsweredAt: time.UnixMilli(50)})
	addOf(t, db, 4, "1.1")
	addOf(t, db, 5, "5.5")

	open, err := db.Open(t.Context(), "pbx1")
	if err != nil || len(open) != 5 {
		t.Fatalf("open: %d, %v; want 5", len(open), err)
	}
	for i, rec := range open[1:] {
		want := recording.Call{
			ID: "call-1", PBX: "pbx1", LinkedID: "1.1", Parts: []string{"2.2"},
			StartedAt: time.UnixMilli(7).UTC(), AnsweredAt: time.UnixMilli(50).UTC(), Parties: []recording.Party{late},
		}
		if diff := cmp.Diff(want, rec.Call); diff != "" {
			t.Errorf("the call of the recording %d (-want +got):\n%s", 4-i, diff)
		}
	}
	if got := get(t, db, open[1].ID).Call.LinkedIDs(); !slices.Equal(got, []string{"1.1", "2.2"}) {
		t.Errorf("linked ids %q", got)
	}
	if other := open[0].Call; other.ID != "call-5" || !slices.Equal(other.LinkedIDs(), []string{"5.5"}) {
		t.Errorf("the other call is %+v", other)
	}

	note(t, db, recording.ChannelNote{PBX: "pbx1", LinkedID: "2.2", Party: late, EndedAt: time.UnixMilli(60), CallEnded: true})
	for n, linkedID := range map[int]string{6: "1.1", 7: "2.2"} { // of channels with the same ids after a restart of the PBX
		if got := addOf(t, db, n, linkedID).Call; got.ID != fmt.Sprint("call-", n) || len(got.Parts) > 0 || !got.EndedAt.IsZero() {
			t.Errorf("after the end of the whole a recording of the linked id %s is in %+v", linkedID, got)
		}
	}
	if got := get(t, db, open[1].ID).Call.EndedAt; got != time.UnixMilli(60).UTC() {
		t.Errorf("the whole has ended at %v", got)
	}
}

// addOf adds the n-th recording, of a channel of its own with a linked id, and
// returns it as it is then. The later it is added, the earlier its call began.
func addOf(t *testing.T, db *store.DB, n int, linkedID string) recording.Recording {
	t.Helper()
	rec := recording.Recording{
		ID: recording.ID(fmt.Sprintf("01a0c4c2-eeee-7000-8000-00000000000%d", n)), PBX: "pbx1", UniqueID: fmt.Sprint("8.", n), AskedAt: time.UnixMilli(int64(n)),
		Reason: recording.Reason{Code: recording.ReasonAsked},
		Call:   recording.Call{ID: fmt.Sprint("call-", n), PBX: "pbx1", LinkedID: linkedID, StartedAt: time.UnixMilli(int64(10 - n))},
	}
	if n == 4 {
		rec.Call.StartedAt = time.UnixMilli(9) // later than what is known
	}
	if err := db.Add(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	return get(t, db, rec.ID)
}

func note(t *testing.T, db *store.DB, n recording.ChannelNote) {
	t.Helper()
	if err := db.ChannelEvent(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}
