package main

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recgate/config"
	"recgate/recording"
	"recgate/store"
	"recgate/store/storetest"
)

// A disk that is fuller than the level refuses a start over the door, with
// what to do, and leaves no row; the metrics tell how full it is. The disk is
// that of this machine, which is hardly less than 1 % full: then it starts.
func TestFullDiskRefusesStarts(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, func(c *config.Config) { c.Disk = config.Disk{Warn: 1, Refuse: 1} })
	o.call(t, "410", "411")
	o.disks.Look(t.Context())
	full := false
	for _, l := range o.disks.Levels() {
		if l.Err != nil {
			t.Fatalf("the disk of the %s: %v", l.Name, l.Err)
		}
		full = full || l.Ratio() >= 0.01
	}
	if !full {
		o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
		return
	}
	o.want(t, http.StatusServiceUnavailable, []string{"percent full, and new recordings are refused from 1 percent: make room there"}, "start", "extenOrUniqueId", "410", "tag", "22")
	if list, err := o.db.ByTag(t.Context(), "22", 9); err != nil || len(list) > 0 {
		t.Errorf("it left %v, %v", list, err)
	}
	if metrics := o.send(t, http.MethodGet, "/metrics", "", nil).body; !strings.Contains(metrics, `recgate_disk_used_ratio{disk="spool of pbx1"} 0.`) {
		t.Errorf("the metrics do not tell the level of the spool:\n%s", metrics)
	}
}

// The rate is measured over a week, or over the time since the first recording.
func TestBytesPerDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	db := storetest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "recgate.db"), store.Options{})
	rate := func(when string, want float64) {
		t.Helper()
		got, err := bytesPerDay(t.Context(), db, now)
		if err != nil || got != want {
			t.Errorf("%s: %v bytes a day, %v; want %v", when, got, err, want)
		}
	}
	rate("nothing was ever recorded", 0)
	storeRecording(t, db, 1, now.Add(-10*time.Minute), recording.Step{Bytes: 1000})
	rate("ten minutes old: an hour at least", 24_000)
	storeRecording(t, db, 2, now.Add(-2*24*time.Hour), recording.Step{Bytes: 1000, SourceKey: "stereo"})
	rate("two days old, with a stereo source", 2000)
	storeRecording(t, db, 3, now.Add(-7*24*time.Hour), recording.Step{Bytes: 3000})
	rate("a week old", 1000)
	storeRecording(t, db, 4, now.Add(-8*24*time.Hour), recording.Step{Bytes: 1e9})
	rate("older ones do not count", 1000)
}

// storeRecording writes a recording that was asked for at a time and is ready.
func storeRecording(t *testing.T, db *store.DB, n int, at time.Time, step recording.Step) {
	t.Helper()
	id, err := recording.NewID(at, strings.NewReader(strings.Repeat(string(rune('a'+n)), 10)))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Add(t.Context(), recording.Recording{ID: id, UniqueID: string(id), AskedAt: at, Call: recording.Call{ID: string(id)}})
	step.To, step.Reason, step.At, step.Key = recording.Ready, recording.Reason{Code: recording.ReasonStopped}, at, id.Hex()
	for _, s := range []recording.Step{{To: recording.Collecting, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "stopped"}, At: at}, step} {
		if err == nil {
			err = db.Advance(context.WithoutCancel(t.Context()), id, s)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
