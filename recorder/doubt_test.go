package recorder_test

import (
	"testing"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// A start without a file speaks against its PBX until one works, or for half a
// minute: whoever sends no starts while it does would never see one work.
func TestLastStart(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		fail := func(err error) {
			t.Helper()
			of.PBX.Refuse(err)
			if _, err := of.Start(t.Context(), recording.StartRequest{Target: "410"}); err == nil {
				t.Error("no error")
			}
		}
		says := func(when, want string) {
			t.Helper()
			if err := of.Book.LastStart("pbx1", time.Now()); (err == nil) != (want == "") || want != "" && recording.Message(err) != want {
				t.Errorf("%s: %v, want %q", when, err, want)
			}
			if err := of.Book.LastStart("pbx2", time.Now()); err != nil {
				t.Errorf("%s: the other PBX: %v", when, err)
			}
		}
		says("at first", "")
		fail(&recording.Error{Code: recording.Unavailable, Msg: "it is busy"})
		says("after a refusal of another kind", "")
		noFile := &recording.Error{Code: recording.Unavailable, Msg: "its file did not appear", Err: recording.ErrNoFile}
		fail(noFile)
		says("after one without a file", "its file did not appear")
		time.Sleep(29 * time.Second)
		says("for a while", "its file did not appear")
		time.Sleep(2 * time.Second)
		says("after half a minute", "")
		fail(noFile)
		of.Record(t, "410", "22")
		says("after one that worked", "")
	})
}
