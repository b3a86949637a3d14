package recorder_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/recorder"
	"recgate/recording"
)

func TestTimelineTellsTheStory(t *testing.T) {
	inOffice(t, recorder.Options{RetrieveDuringCall: true}, func(t *testing.T, of *office) {
		caller, _ := of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		time.Sleep(time.Second)
		if _, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "23", Actor: recording.Actor{Remote: "192.0.2.8"}}); err != nil {
			t.Fatal(err)
		}
		of.pbx.Pass(time.Second)
		of.pbx.Hangup(t, caller)
		time.Sleep(10 * time.Second)
		of.retrieve(t, "22")
		want := []string{
			"the call 1700000000.0 begins, as far as recgate knows",
			"the call is answered",
			"the channel is answered",
			`starting: asked for by 192.0.2.7, for the extension "410" on the PBX pbx1, with the tag "22" [asked]`,
			"recording: recording (by mixmonitor " + rec.Handle + ") [recording]",
			`recording: tag "23" added (asked for by 192.0.2.8) [tagged]`,
			"collecting: the channel hung up [hung_up]",
			"ready: the channel hung up [hung_up]",
			"the channel hangs up",
			"the call ends: its last channel has hung up",
			`fred requests it from 192.0.2.7 with retrieve "22": ok`,
		}
		if diff := cmp.Diff(want, story(t, of, rec.ID)); diff != "" {
			t.Errorf("the story differs (-want +got):\n%s", diff)
		}
	})
}

// story is the timeline of a recording, without its times, of which none may
// lie before the one above it.
func story(t *testing.T, of *office, id recording.ID) []string {
	t.Helper()
	rec, err := of.store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	past, err := of.store.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	retrieved, err := of.store.AccessesOf(t.Context(), id, 10)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	var last time.Time
	for _, line := range recording.Timeline(rec, past, retrieved) {
		if line.At.Before(last) {
			t.Errorf("%v %s: told behind %v", line.At, line.What, last)
		}
		lines, last = append(lines, line.What), line.At
	}
	return lines
}

// The order of the steps is that of the history, whatever the clock did.
func TestTimelineKeepsTheOrderOfSteps(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1_700_000_000+int64(s), 0) }
	told := recording.Timeline(recording.Recording{AnsweredAt: at(95)}, []recording.Past{
		{At: at(100), To: recording.Starting, Reason: recording.Reason{Code: recording.ReasonAsked}},
		{At: at(90), To: recording.Running, Reason: recording.Reason{Code: recording.ReasonRecording}},
		{At: at(110), To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}},
	}, []recording.Access{{At: at(105), Method: "retrieve", Key: "22", Outcome: "no"}})
	var got []int64
	for _, line := range told {
		got = append(got, line.At.Unix()-1_700_000_000)
	}
	if diff := cmp.Diff([]int64{95, 100, 90, 105, 110}, got); diff != "" {
		t.Errorf("order differs (-want +got):\n%s", diff)
	}
}
