package recordingtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"recgate/recording"
)

// stepsBack: the one step out of a final state, and the one from a stop that
// was not done.
func stepsBack(t *testing.T, s DB) {
	paths := map[recording.State][]recording.State{
		recording.Starting: {}, recording.Running: {recording.Running}, recording.Collecting: {recording.Collecting},
		recording.Ready: {recording.Collecting, recording.Ready}, recording.Empty: {recording.Collecting, recording.Empty},
		recording.Failed: {recording.Failed}, recording.Lost: {recording.Lost},
	}
	n := 0
	for _, from := range recording.States() {
		for _, to := range recording.States() {
			n++
			r := add(t, s, unset(n))
			advance(t, s, r.ID, paths[from]...)
			step := recording.Step{To: to, Back: true, Reason: because("its file is there again"), At: base}
			err := s.Advance(t.Context(), r.ID, step)
			allowed := map[recording.State][]recording.State{
				recording.Collecting: {recording.Ready, recording.Empty, recording.Failed, recording.Lost}, recording.Running: {recording.Collecting},
			}
			if slices.Contains(allowed[to], from) {
				if got := get(t, s, r.ID); err != nil || got.State != to || got.Reason != step.Reason {
					t.Errorf("back from %s: %v, %s (%s)", from, err, got.State, got.Reason)
				}
				continue
			}
			wantRefusal(t, "back from "+string(from)+" to "+string(to), recording.Conflict, err)
		}
	}
}

func stepBackTakesTheChannel(t *testing.T, s DB) {
	twin := func(n int) recording.Recording {
		r := unset(n)
		r.UniqueID = "1.1"
		return r
	}
	back := recording.Step{To: recording.Running, Back: true, Reason: because("not stopped"), At: base}
	r := add(t, s, twin(1))
	advance(t, s, r.ID, recording.Running, recording.Collecting)
	if err := s.Advance(t.Context(), r.ID, back); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "a start while it runs on", recording.Conflict, s.Add(t.Context(), twin(2)))
	advance(t, s, r.ID, recording.Collecting)
	other := add(t, s, twin(3))
	if err := s.Advance(t.Context(), r.ID, back); err != nil { // one channel cannot have two rows, and both run
		t.Errorf("back while another one runs: %v", err)
	}
	advance(t, s, r.ID, recording.Collecting)
	wantRefusal(t, "a start while the other runs", recording.Conflict, s.Add(t.Context(), twin(4)))
	advance(t, s, other.ID, recording.Collecting)
	add(t, s, twin(5))
}

func saidIsInTheHistory(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	if err := s.Advance(t.Context(), r.ID, recording.Step{To: recording.Running, Reason: because("recording"), Said: "mixmonitor 0x1", At: after(5)}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, r.ID); got.Reason.String() != "recording" {
		t.Errorf("reason of the row %q", got.Reason)
	}
	past, err := s.History(t.Context(), r.ID)
	want := recording.Past{At: after(5), To: recording.Running, Reason: because("recording"), Said: "mixmonitor 0x1"}
	if err != nil || len(past) != 2 || past[1] != want {
		t.Errorf("history %v, %v; want %v last", past, err, want)
	}
}

func unfinished(t *testing.T, s DB) {
	for n, final := range []bool{false, true, false, true} {
		r := unset(n)
		r.PBX, r.Call.PBX = []string{"pbx1", "gone"}[n/2], []string{"pbx1", "gone"}[n/2]
		r.ChannelEndedAt = after(100)
		add(t, s, r)
		if final {
			advance(t, s, r.ID, recording.Failed)
		}
	}
	up := add(t, s, unset(7))
	advance(t, s, up.ID, recording.Failed)
	list, err := s.Unfinished(t.Context())
	found(t, "unfinished", list, err, idOf(7), idOf(2), idOf(0))
}

func accessesOf(t *testing.T, s DB) {
	for n := range 6 {
		a := recording.Access{At: after(n), Method: "retrieve", Key: "22", Username: "fred", Recording: idOf(n % 2), Outcome: "ok"}
		if err := s.LogAccess(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := s.AccessesOf(t.Context(), idOf(1), 2)
	if err != nil || len(lines) != 2 || !lines[0].At.Equal(after(3)) || !lines[1].At.Equal(after(5)) {
		t.Errorf("accesses %v, %v; want those of seconds 3 and 5", lines, err)
	}
	lines, err = s.AccessesOf(t.Context(), idOf(9), 10)
	if err != nil || len(lines) != 0 {
		t.Errorf("accesses of a recording that nobody asked for: %v, %v", lines, err)
	}
}

func tagIsInTheHistory(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	advance(t, s, r.ID, recording.Running)
	for _, by := range []string{"192.0.2.8", ""} {
		if err := s.AddTag(t.Context(), r.ID, "O'Brien \"22\"", by, after(9)); err != nil {
			t.Fatal(err)
		}
	}
	past, err := s.History(t.Context(), r.ID)
	if err != nil || len(past) != 4 {
		t.Fatalf("history %v, %v; want four lines", past, err)
	}
	want := recording.Past{At: after(9), To: recording.Running, Reason: recording.Reason{Code: recording.ReasonTagged, Detail: "O'Brien \"22\""}, Said: "asked for by 192.0.2.8"}
	equal(t, "who tagged", want, past[2])
	want.Said = ""
	equal(t, "tagged by nobody", want, past[3])
}

func saidIsKeptFitToShow(t *testing.T, s DB) {
	r := add(t, s, unset(1))
	said := "Message: \xff\n" + strings.Repeat("é", 2000)
	if err := s.Advance(t.Context(), r.ID, recording.Step{To: recording.Failed, Reason: because("refused"), Said: said, At: base}); err != nil {
		t.Fatal(err)
	}
	past, err := s.History(t.Context(), r.ID)
	if err != nil || len(past) != 2 {
		t.Fatalf("history %v, %v", past, err)
	}
	if got := past[1].Said; !strings.HasPrefix(got, `Message: \xff\n`+"é") || len([]rune(got)) != 1000 {
		t.Errorf("said %.30q of %d characters", got, len([]rune(got)))
	}
}

func entries(t *testing.T, s DB) {
	for n := range 5 {
		add(t, s, unset(n))
	}
	advance(t, s, idOf(2), recording.Collecting)
	step := recording.Step{To: recording.Ready, Reason: because("stopped"), At: base, Bytes: 1 << 33, Key: "k.wav", SourceKey: "s.wav"}
	if err := s.Advance(t.Context(), idOf(2), step); err != nil {
		t.Fatal(err)
	}
	list, err := s.Entries(t.Context(), after(1), after(3))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "entries of two seconds, the first included, the last not", []recording.Entry{
		{ID: idOf(1), State: recording.Starting, AskedAt: after(1)},
		{ID: idOf(2), State: recording.Ready, Reason: because("stopped"), AskedAt: after(2), Bytes: 1 << 33, Key: "k.wav", SourceKey: "s.wav"},
	}, list)
	if list, err := s.Entries(t.Context(), after(90), after(99)); err != nil || len(list) != 0 {
		t.Errorf("entries of an empty period: %v, %v", list, err)
	}
	for from, want := range map[time.Time]time.Time{{}: after(0), after(2): after(2), after(2).Add(time.Millisecond): after(3), after(90): {}} {
		if at, err := s.FirstAsked(t.Context(), from); err != nil || !at.Equal(want) {
			t.Errorf("the first asked for from %v on: %v, %v, want %v", from, at, err, want)
		}
	}
}
