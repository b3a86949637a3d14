package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/internal/office"
	"recgate/ledger"
	"recgate/recording"
)

func TestTimelineTellsTheStory(t *testing.T) {
	office.In(t, office.Options{DuringCall: true}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		time.Sleep(time.Second)
		if _, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "23", Actor: recording.Actor{Remote: "192.0.2.8"}}); err != nil {
			t.Fatal(err)
		}
		of.PBX.Pass(time.Second)
		of.PBX.Hangup(t, caller)
		time.Sleep(10 * time.Second)
		of.Fetch(t, "22")
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
		if diff := cmp.Diff(want, of.Story(t, rec.ID)); diff != "" {
			t.Errorf("the story differs (-want +got):\n%s", diff)
		}
	})
}

// The order of the steps is that of the history, whatever the clock did.
func TestTimelineKeepsTheOrderOfSteps(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(1_700_000_000+int64(s), 0) }
	lines := ledger.Timeline(recording.Recording{AnsweredAt: at(95)}, []recording.Past{
		{At: at(100), To: recording.Starting, Reason: recording.Reason{Code: recording.ReasonAsked}},
		{At: at(90), To: recording.Running, Reason: recording.Reason{Code: recording.ReasonRecording}},
		{At: at(110), To: recording.Failed, Reason: recording.Reason{Code: recording.ReasonOther, Detail: "x"}},
	}, []recording.Access{{At: at(105), Method: "retrieve", Key: "22", Outcome: "no"}})
	var got []int64
	for _, line := range lines {
		got = append(got, line.At.Unix()-1_700_000_000)
	}
	if diff := cmp.Diff([]int64{95, 100, 90, 105, 110}, got); diff != "" {
		t.Errorf("order differs (-want +got):\n%s", diff)
	}
}
