package recorder_test

import (
	"testing"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

func TestStopEndsOnlyWhatIsOurs(t *testing.T) {
	for _, tt := range []struct {
		name string
		of   func(caller, callee string) string
	}{
		{"by extension", func(string, string) string { return "410" }},
		{"by unique id", func(caller, _ string) string { return caller }},
		{"by the other party's extension", func(string, string) string { return "411" }},
		{"by the other party's unique id", func(_, callee string) string { return callee }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
				caller, callee := of.PBX.Call(t, "410", "411")
				of.PBX.Call(t, "500", "501")
				rec, bystander := of.Record(t, "410", "22"), of.Record(t, "500", "23")
				of.PBX.Pass(time.Second)
				if got := of.Halt(t, tt.of(caller, callee)); got.ID != rec.ID {
					t.Errorf("stopped %s, want %s", got.ID, rec.ID)
				}
				if stops := of.PBX.Stops(); len(stops) != 1 || stops[0] != rec.ID {
					t.Errorf("the PBX stopped %v, want only %s", stops, rec.ID)
				}
				if got := of.AwaitSettled(t, bystander.ID); got.State != recording.Running {
					t.Errorf("the other recording is %s", got.State)
				}
				if got := of.AwaitSettled(t, rec.ID); got.State != recording.Ready || !got.InProgress() || got.Duration != time.Second {
					t.Errorf("stopped recording %+v, want ready, 1 s, its call in progress", got)
				}
			})
		})
	}
}

// The recording of the channel itself is stopped before one in its call.
func TestStopPrefersTheChannelItself(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		one, other := of.Record(t, "410", "22"), of.Record(t, "411", "23")
		if got := of.Halt(t, "411"); got.ID != other.ID {
			t.Errorf("stopped %s, want that of 411", got.Extension)
		}
		if got := of.Halt(t, "411"); got.ID != one.ID {
			t.Errorf("then stopped %s, want that of 410", got.Extension)
		}
	})
}

func TestStopRefusals(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		for _, tt := range []struct {
			name, target string
			code         recording.Code
			words        string
		}{
			{"missing", "", recording.Invalid, "extenOrUniqueId"},
			{"nothing to stop", "410", recording.NotFound, "nothing is being recorded"},
			{"no such call", "999", recording.NotFound, `"999"`},
		} {
			office.RunCase(t, tt.name, func() {
				_, err := of.Stop(t.Context(), recording.StopRequest{Target: tt.target})
				office.WantRefusal(t, err, tt.code, tt.words)
			})
		}
		rec := of.Record(t, "410", "22")
		of.PBX.Disconnect()
		_, err := of.Stop(t.Context(), recording.StopRequest{Target: "410"})
		office.WantRefusal(t, err, recording.Unavailable, "not connected")
		of.PBX.Connect()
		if got := of.Halt(t, "410"); got.ID != rec.ID {
			t.Errorf("after the connection came back: %+v", got)
		}
		_, err = of.Stop(t.Context(), recording.StopRequest{Target: "410"})
		office.WantRefusal(t, err, recording.NotFound, "nothing is being recorded")
	})
}

func TestStopThenStartMakesASecondRecording(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		first := of.Record(t, "410", "22")
		of.Halt(t, "410")
		second := of.Record(t, "410", "22")
		if rows := of.OnChannel(t, caller); len(rows) != 2 || first.ID == second.ID || rows[0].Call.ID != rows[1].Call.ID {
			t.Errorf("%+v; want two recordings of one call", rows)
		}
	})
}
