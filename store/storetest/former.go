// Package storetest has the tests of the store that need its tables, and are
// the same on every database.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/recording"
	"recgate/store"
)

// TestFormerVersion brings up a database that the version before reasons had
// codes wrote: recordings in every state, with every reason of that version.
// raw is that database, which has been loaded from a dump and which db has not
// migrated yet, and want the file with the reasons that it must have then.
func TestFormerVersion(t *testing.T, db *store.DB, raw *sql.DB, want string) {
	texts := map[string]string{}
	each(t, raw, `SELECT id, reason FROM recordings`, func(scan func(...any) error) error {
		var id, text string
		err := scan(&id, &text)
		texts[id] = text
		return err
	})
	if len(texts) < 50 {
		t.Fatalf("the dump holds %d recordings", len(texts))
	}
	for range 2 {
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		allCoded(t, raw, want)
		allFilled(t, raw)
	}
	for id, text := range texts {
		rec := get(t, db, recording.ID(id))
		if rec.Reason.String() != text {
			t.Errorf("%s was %q, and is %q", id, text, rec.Reason)
		}
		tracksFollow(t, rec)
		goesOn(t, db, rec)
	}
	t.Run("a gateway of that version works on", func(t *testing.T) { worksOn(t, db, raw) })
	for i, begunBy := range []string{"this", "that"} {
		t.Run("both versions take a recording through its life that "+begunBy+" one began", func(t *testing.T) {
			takeTurns(t, db, raw, recording.ID(fmt.Sprintf("01a0c4c2-ffff-7000-8000-00000000001%d", i)), begunBy == "that")
		})
	}
}

// allCoded compares the reasons in rows and histories with those that they
// must have.
func allCoded(t *testing.T, raw *sql.DB, want string) {
	t.Helper()
	const query = `SELECT state, reason_code, reason_detail, reason FROM recordings
		UNION SELECT state, reason_code, reason_detail, reason FROM steps ORDER BY state, reason_code, reason_detail, reason`
	var got strings.Builder
	each(t, raw, query, func(scan func(...any) error) error {
		var state, codes, detail, text string
		err := scan(&state, &codes, &detail, &text)
		fmt.Fprintf(&got, "%s | %s | %s | %s\n", state, codes, detail, text)
		return err
	})
	expected, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(expected), got.String()); diff != "" {
		t.Errorf("the reasons differ (-want +got):\n%s", diff)
	}
}

// allFilled demands that the tracks are where the recordings of each state are,
// and say so themselves.
func allFilled(t *testing.T, raw *sql.DB) {
	t.Helper()
	const query = `SELECT t.state, COUNT(*) FROM tracks t JOIN recordings r ON r.id = t.recording_id
		WHERE t.channel = r.channel AND t.unique_id = r.unique_id AND t.recorder = r.recorder AND t.handle = r.handle
			AND t.state = r.state AND t.stopped_at = r.stopped_at AND t.bytes = r.bytes GROUP BY t.state ORDER BY t.state`
	var got []string
	each(t, raw, query, func(scan func(...any) error) error {
		var state string
		var n int
		err := scan(&state, &n)
		got = append(got, fmt.Sprint(state, " ", n))
		return err
	})
	want := []string{"collecting 9", "empty 9", "lost 6", "ready 9", "recording 4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tracks that say what their recordings say (-want +got):\n%s", diff)
	}
}

// tracksFollow demands that a recording which the PBX began has tracks, and
// that they are where it is.
func tracksFollow(t *testing.T, rec recording.Recording) {
	t.Helper()
	for _, track := range rec.Tracks {
		want := recording.Track{
			File: track.File, Voice: track.Voice, Party: track.Party, StartedAt: track.StartedAt,
			Channel: rec.Channel, UniqueID: rec.UniqueID, Recorder: rec.Recorder, Handle: rec.Handle,
			State: rec.State, StoppedAt: rec.StoppedAt, Bytes: rec.Bytes,
		}
		if diff := cmp.Diff(want, track); diff != "" {
			t.Errorf("a track of %s, which is %s (-want +got):\n%s", rec.ID, rec.State, diff)
		}
	}
}

// goesOn makes the next step of a recording.
func goesOn(t *testing.T, db *store.DB, rec recording.Recording) {
	t.Helper()
	step := recording.Step{To: recording.Collecting, Back: rec.State.Final(), Reason: recording.Reason{Code: recording.ReasonHungUp}, At: time.UnixMilli(1)}
	if rec.State == recording.Collecting {
		step.To, step.Reason = recording.Ready, rec.Reason.With(recording.NoteIncomplete)
	}
	if err := db.Advance(t.Context(), rec.ID, step); err != nil {
		t.Errorf("the recording that was %s does not go on: %v", rec.State, err)
	}
	got := get(t, db, rec.ID)
	if got.State != step.To || got.Reason != step.Reason || len(got.Tracks) != len(rec.Tracks) {
		t.Errorf("the recording that was %s with %d tracks is %s for %+v with %d, want %+v", rec.State, len(rec.Tracks), got.State, got.Reason, len(got.Tracks), step.Reason)
	}
	tracksFollow(t, got)
}

// worksOn writes what a gateway of the former version writes while one of this
// version runs: words alone. They are read as if they had codes.
func worksOn(t *testing.T, db *store.DB, raw *sql.DB) {
	const id = recording.ID("01a0c4c2-ffff-7000-8000-000000000001")
	rec := recording.Recording{
		ID: id, PBX: "pbx1", UniqueID: "9.9", AskedAt: time.UnixMilli(1_900_000_000_000), Tags: []string{"former"}, Reason: recording.Reason{Code: recording.ReasonAsked},
		Call: recording.Call{ID: "call-9.9", PBX: "pbx1", LinkedID: "9.9"},
	}
	if err := db.Add(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	const update = `UPDATE recordings SET state = ?, reason = ? WHERE id = ?`
	const insert = `INSERT INTO steps (recording_id, nth, made_at, state, reason, said) VALUES (?, ?, 1, ?, ?, '')`
	for i, tt := range []struct {
		state recording.State
		text  string
		want  recording.Reason
	}{
		{recording.Running, "recording", recording.Reason{Code: recording.ReasonRecording}},
		{recording.Running, "stopped by request, and the PBX did not confirm it", recording.Reason{Code: recording.ReasonStopped, Notes: recording.NoteUnconfirmed}},
		{recording.Running, `tag "late" added`, recording.Reason{Code: recording.ReasonTagged, Detail: "late"}},
		{recording.Lost, "what the PBX left in the spool is not a WAV", recording.Reason{Code: recording.ReasonNotWAV}},
		{recording.Failed, "the PBX is away", recording.Reason{Code: recording.ReasonRefused, Detail: "the PBX is away"}},
		{recording.Lost, "nobody knows", recording.Reason{Code: recording.ReasonOther, Detail: "nobody knows"}},
	} {
		execute(t, raw, update, string(tt.state), tt.text, string(id))
		execute(t, raw, insert, string(id), i+2, string(tt.state), tt.text)
		read(t, db, id, tt.state, tt.want)
	}
	if err := db.Advance(t.Context(), id, recording.Step{To: recording.Collecting, Back: true, Reason: recording.Reason{Code: recording.ReasonFileCameBack}, At: time.UnixMilli(2)}); err != nil {
		t.Fatal(err)
	}
	read(t, db, id, recording.Collecting, recording.Reason{Code: recording.ReasonFileCameBack})
}

// begin adds a recording of the channel 8.8.
func begin(t *testing.T, db *store.DB, id recording.ID) {
	t.Helper()
	rec := recording.Recording{
		ID: id, PBX: "pbx1", Channel: "SIP/410-8", UniqueID: "8.8", AskedAt: time.UnixMilli(1_900_000_001_000), Reason: recording.Reason{Code: recording.ReasonAsked},
		Call: recording.Call{ID: string(id), PBX: "pbx1", LinkedID: "8.8"},
	}
	if err := db.Add(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
}

// takeTurns takes a recording through its life by turns with a gateway of the
// former version, which knows the files of tracks and nothing else of them.
func takeTurns(t *testing.T, db *store.DB, raw *sql.DB, id recording.ID, begunByFormer bool) {
	begin(t, db, id)
	const update = `UPDATE recordings SET state = ?, recorder = 'mixmonitor', handle = '0x1', channel = ?, unique_id = ?, stopped_at = ?, bytes = ? WHERE id = ?`
	const insert = `INSERT INTO tracks (recording_id, nth, file, voice, party, started_at) VALUES (?, 0, 'a.wav', 'mixed', 'mixed', 1)`
	follow := func(state recording.State) {
		t.Helper()
		rec := get(t, db, id)
		if rec.State != state || len(rec.Tracks) != 1 {
			t.Fatalf("it is %s with %d tracks, want %s with one", rec.State, len(rec.Tracks), state)
		}
		tracksFollow(t, rec)
	}
	advance := func(step recording.Step) {
		t.Helper()
		step.Reason, step.At = recording.Reason{Code: recording.ReasonHungUp}, time.UnixMilli(3)
		if err := db.Advance(t.Context(), id, step); err != nil {
			t.Fatal(err)
		}
		follow(step.To)
	}
	former := func(state recording.State, channel, uniqueID string, stoppedAt, bytes int64) {
		t.Helper()
		execute(t, raw, update, string(state), channel, uniqueID, stoppedAt, bytes, string(id))
	}
	if begunByFormer {
		former(recording.Running, "SIP/410-8", "8.8", 0, 0)
		execute(t, raw, insert, string(id))
		follow(recording.Running)
	} else {
		advance(recording.Step{To: recording.Running, Recorder: "mixmonitor", Handle: "0x1", Tracks: []recording.Track{{File: "a.wav"}}})
	}
	if err := db.Move(t.Context(), id, recording.Party{Channel: "SIP/411-7", UniqueID: "7.7"}, time.UnixMilli(2)); err != nil {
		t.Fatal(err)
	}
	follow(recording.Running)
	former(recording.Running, "SIP/412-6", "6.6", 0, 0)
	follow(recording.Running)
	former(recording.Collecting, "SIP/412-6", "6.6", 3, 0)
	follow(recording.Collecting)
	advance(recording.Step{To: recording.Ready, Bytes: 44})
	former(recording.Lost, "SIP/412-6", "6.6", 3, 44)
	follow(recording.Lost)
	advance(recording.Step{To: recording.Collecting, Back: true})
	advance(recording.Step{To: recording.Empty})
}

// read demands that all who read a recording see it in a state for a reason.
func read(t *testing.T, db *store.DB, id recording.ID, state recording.State, want recording.Reason) {
	t.Helper()
	rec := get(t, db, id)
	if rec.State != state || rec.Reason != want {
		t.Errorf("it is %s for %+v, want %s for %+v", rec.State, rec.Reason, state, want)
	}
	past, err := db.History(t.Context(), id)
	if err != nil || past[len(past)-1].Reason != want {
		t.Errorf("the history %+v, %v does not end with %+v", past, err, want)
	}
	judged, err := db.ByTag(t.Context(), "former", 2)
	if err != nil || len(judged) != 1 || judged[0].Reason != want {
		t.Errorf("candidates %+v, %v; want one with the reason %+v", judged, err, want)
	}
	sums, err := db.Sums(t.Context(), rec.AskedAt, rec.AskedAt.Add(time.Second))
	if err != nil || len(sums) != 1 || sums[0] != (recording.Sum{State: state, Reason: want, Count: 1}) {
		t.Errorf("sums %+v, %v; want one %s for %+v", sums, err, state, want)
	}
	entries, err := db.Entries(t.Context(), rec.AskedAt, rec.AskedAt.Add(time.Second))
	if err != nil || len(entries) != 1 || entries[0].Reason != want {
		t.Errorf("entries %+v, %v; want one with the reason %+v", entries, err, want)
	}
}

func get(t *testing.T, db *store.DB, id recording.ID) recording.Recording {
	t.Helper()
	rec, err := db.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func execute(t *testing.T, raw *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := raw.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, raw *sql.DB, query string, scan func(scan func(...any) error) error) {
	t.Helper()
	rows, err := raw.QueryContext(context.WithoutCancel(t.Context()), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // read to the end
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
