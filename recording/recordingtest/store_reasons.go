package recordingtest

import (
	"testing"

	"recgate/recording"
)

// because is a reason that no code stands for.
func because(text string) recording.Reason {
	return recording.Reason{Code: recording.ReasonOther, Detail: text}
}

// reasonsComeBack: every code with every note, in the row, in the history, in
// what is judged and in the ledger, also where two reasons read the same.
func reasonsComeBack(t *testing.T, s DB) {
	reasons := []recording.Reason{
		because("stopped by request"), because("; the PBX heard no audio"), because(`tag "22" added`), because("moved from a to b"),
		{Code: recording.ReasonRefused, Detail: "the channel hung up"},
		{Code: recording.ReasonRefused, Detail: "; the PBX heard no audio"},
	}
	for i, code := range recording.ReasonCodes() {
		r := recording.Reason{Code: code, Detail: map[recording.ReasonCode]string{
			recording.ReasonTagged: "O'Brien \"22\"\n\xfe", recording.ReasonMoved: "SIP/410-1 to SIP/411-1", recording.ReasonRefused: "the PBX \"pbx1\" said no",
			recording.ReasonOtherFormat: "a WAV of µ-law", recording.ReasonOther: "it was like that",
		}[code]}
		reasons = append(reasons, r, r.With(recording.Notes(i)), r.With(recording.NoteNotBegun|recording.NoteOneOfTwo))
	}
	for n, reason := range reasons {
		r := unset(n + 1)
		r.Tags, r.Reason = []string{"all"}, reason
		add(t, s, r)
		if err := s.Advance(t.Context(), r.ID, recording.Step{To: recording.Failed, Reason: reason, At: base}); err != nil {
			t.Fatal(err)
		}
		equal(t, "reason of the row", reason, get(t, s, r.ID).Reason)
		past, err := s.History(t.Context(), r.ID)
		if err != nil || len(past) != 2 || past[0].Reason != reason || past[1].Reason != reason {
			t.Errorf("the history %+v, %v has not twice the reason %+v", past, err, reason)
		}
	}
	judged, err := s.ByTag(t.Context(), "all", len(reasons))
	if err != nil || len(judged) != len(reasons) {
		t.Fatalf("%d candidates, %v; want %d", len(judged), err, len(reasons))
	}
	listed, err := s.Entries(t.Context(), base, after(len(reasons)+1))
	if err != nil || len(listed) != len(reasons) {
		t.Fatalf("%d entries, %v; want %d", len(listed), err, len(reasons))
	}
	count := map[recording.Reason]int{}
	for n, reason := range reasons {
		equal(t, "reason of the candidate", reason, judged[len(judged)-1-n].Reason)
		equal(t, "reason of the entry", reason, listed[n].Reason)
		count[reason]++
	}
	sums, err := s.Sums(t.Context(), base, after(len(reasons)+1))
	if err != nil || len(sums) != len(count) {
		t.Errorf("%d sums, %v; want %d", len(sums), err, len(count))
	}
	for _, sum := range sums {
		if sum.Count != count[sum.Reason] || sum.State != recording.Failed {
			t.Errorf("%d times %s for %+v, want %d", sum.Count, sum.State, sum.Reason, count[sum.Reason])
		}
	}
}
