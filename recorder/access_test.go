package recorder_test

import (
	"testing"

	"recgate/internal/office"
	"recgate/recording"
)

// TestForbidden: what an actor may not use does nothing and counts as nothing;
// a retrieval leaves its line in the access log.
func TestForbidden(t *testing.T) {
	happened := 0
	o := office.Options{Happened: func(recording.Happening) { happened++ }}
	office.In(t, o, func(t *testing.T, of *office.Office) {
		id, _ := of.PBX.Call(t, "410", "411")
		nobody := recording.Actor{Kind: recording.KeyHolder, Name: "crm", Remote: "192.0.2.9", Username: "fred"}
		_, started := of.Start(t.Context(), recording.StartRequest{Actor: nobody, Target: "410"})
		_, stopped := of.Stop(t.Context(), recording.StopRequest{Actor: nobody, Target: "410"})
		_, byTag := of.Retrieve(t.Context(), recording.RetrieveRequest{Actor: nobody, Key: "22"})
		_, byID := of.RetrieveByUniqueID(t.Context(), recording.RetrieveRequest{Actor: nobody, Key: id})
		for _, err := range []error{started, stopped, byTag, byID} {
			office.WantRefusal(t, err, recording.Forbidden, `the key "crm" was revoked`)
		}
		if rows := of.OnChannel(t, id); len(rows) != 0 || happened != 0 {
			t.Errorf("%d recordings, %d happenings", len(rows), happened)
		}
		log := of.Accesses(t)
		if len(log) != 2 {
			t.Fatalf("%d lines in the access log: %+v", len(log), log)
		}
		for _, a := range log {
			if a.APIKey != "crm" || a.Remote != "192.0.2.9" || a.Username != "fred" || a.Outcome != `the key "crm" was revoked` {
				t.Errorf("the line is %+v", a)
			}
		}
	})
}
