package book_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"recgate/book"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

func row(id recording.ID, state recording.State) recording.Recording {
	return recording.Recording{
		ID: id, State: state, PBX: "pbx1", Channel: "SIP/410-1", UniqueID: "1.1",
		Call: recording.Call{ID: "call " + string(id), PBX: "pbx1", LinkedID: "1.0"},
	}
}

// A start of another process is given time from the first look on, and one of
// this process none.
func TestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := book.New()
		b.Begin(row("ours", recording.Starting))
		if left := b.UnderWay("ours", time.Second); left != 0 {
			t.Errorf("a start of this process is given %v", left)
		}
		for _, want := range []time.Duration{time.Second, 600 * time.Millisecond, 200 * time.Millisecond, 0} {
			if left := b.UnderWay("other", time.Second); left != want {
				t.Errorf("a start of another process is given %v, want %v", left, want)
			}
			time.Sleep(400 * time.Millisecond)
		}
	})
}

// What no row has any more is forgotten, but for what was noted lately.
func TestReconcile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, rec := book.New(), row("1", recording.Running)
		watched := recording.Channel{PBX: "pbx1", UniqueID: rec.UniqueID, LinkedID: rec.Call.LinkedID}
		b.Note(rec)
		known := b.OnPBX("pbx1")
		b.Begin(row("2", recording.Starting)) // while the rows were read
		if calls := b.Reconcile("pbx1", known, nil); len(calls) > 0 {
			t.Errorf("calls %v are stale at once", calls)
		}
		if f := b.Figures(); f.Open() != 1 || f.Starts != 1 {
			t.Errorf("%+v, want the start alone", f)
		}
		time.Sleep(2 * time.Minute)
		if channel, call := b.Watches(watched); !channel || !call {
			t.Error("the channel is forgotten by itself")
		}
		calls := b.Reconcile("pbx1", b.OnPBX("pbx1"), nil)
		if channel, call := b.Watches(watched); channel || !call || len(calls) != 1 || calls[0] != "1.0" {
			t.Errorf("channel %v, call %v, stale calls %v", channel, call, calls)
		}
		b.ForgetChannel(watched, true)
		if f := b.Figures(); f.Entries+f.Channels+f.Calls != 0 {
			t.Errorf("%+v is left", f)
		}
	})
}

// A recording that this process did not start is counted from its first look on.
func TestRan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := book.New()
		if d := b.Count("settled", time.Minute); d != time.Minute {
			t.Errorf("one that is not open ran %v", d)
		}
		b.Note(row("1", recording.Running))
		if d, counted := b.Ran("1"); counted {
			t.Errorf("it ran %v before anybody counted", d)
		}
		b.Count("1", time.Minute)
		time.Sleep(time.Second)
		b.Count("1", time.Hour) // it is counted already
		if d, counted := b.Ran("1"); !counted || d != 61*time.Second {
			t.Errorf("it ran %v, want 61 s", d)
		}
		if w := b.Wait("1"); w.Ran != 61*time.Second || !b.Waits("1") {
			t.Errorf("it waits with %v", w.Ran)
		}
	})
}

// A file that stands still is reported once, until it grows again; nothing is
// expected of a channel that does not talk.
func TestGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := book.New()
		b.Note(row("1", recording.Running))
		for i, tt := range []struct {
			size    int64
			talking bool
			want    bool
		}{{2000, true, false}, {2000, true, true}, {2000, true, false}, {3000, true, false}, {3000, false, false}, {3000, true, true}} {
			if got := b.Grow("1", tt.size, tt.talking); got != tt.want {
				t.Errorf("look %d: stalled %v, want %v", i, got, tt.want)
			}
			time.Sleep(31 * time.Second)
		}
		b.Note(row("1", recording.Collecting))
		if n := b.Figures().Stalled; n != 0 {
			t.Errorf("%d are stalled after the end", n)
		}
		b.Note(row("1", recording.Running)) // the stop was not confirmed
		if n := b.Figures().Stalled; n != 1 || b.Grow("1", 3000, true) {
			t.Errorf("%d are stalled after a stop that was not confirmed, want 1 that is not reported again", n)
		}
	})
}

// A step changes the row, the recording in hand and the book; one that is
// refused changes nothing.
func TestAdvance(t *testing.T) {
	var settled []recording.State
	store, b := recordingtest.NewStore(), book.New()
	steps := &book.Steps{
		Book: b, Rows: store, Shared: true, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Happened: func(h recording.Happening) { settled = append(settled, h.Recording.State) },
	}
	rec := row("0198c0de-0000-7000-8000-000000000001", recording.Starting)
	if err := store.Add(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	b.Begin(rec)
	stale := rec
	for _, to := range []recording.State{recording.Running, recording.Collecting} {
		if err := steps.Advance(t.Context(), &rec, recording.Step{To: to, Reason: recording.Reason{Code: recording.ReasonStopped}}); err != nil {
			t.Fatal(err)
		}
		if row, err := store.Get(t.Context(), rec.ID); err != nil || row.State != to || rec.State != to || b.Figures().InState[to] != 1 {
			t.Errorf("the row is %s (%v), the recording %s, the book has %v; want %s", row.State, err, rec.State, b.Figures().InState, to)
		}
	}
	err := steps.Advance(t.Context(), &stale, recording.Step{To: recording.Running, Reason: recording.Reason{Code: recording.ReasonRecording}})
	if now, overtaken := steps.Overtaken(t.Context(), rec.ID, err, recording.Starting); !overtaken || now.State != recording.Collecting || stale.State != recording.Starting {
		t.Errorf("a second process: %v, overtaken %v by %s; its recording is %s", err, overtaken, now.State, stale.State)
	}
	if err := steps.Advance(t.Context(), &rec, recording.Step{To: recording.Empty, Reason: recording.Reason{Code: recording.ReasonStopped}}); err != nil {
		t.Fatal(err)
	}
	if len(settled) != 1 || settled[0] != recording.Empty || b.Figures().Entries != 0 {
		t.Errorf("settled %v, and the book has %+v", settled, b.Figures())
	}
}
