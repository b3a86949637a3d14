package spool_test

import (
	"testing"
	"time"

	"recgate/recording"
	"recgate/recording/recordingtest"
	"recgate/spool"
)

const id = recording.ID("0198c0de-0000-7000-8000-000000000001")

// Whose a file is, and whether it ought to be gone.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name, file, pbx string
		steps           []recording.State // of the recording
		keep            bool
		left            bool
		wrong           string
	}{
		{name: "no id", file: "greeting.wav", wrong: "its name is not the name of a recording"},
		{name: "no row", wrong: "no recording has the id " + string(id)},
		{name: "a PBX of former times", pbx: "old", steps: []recording.State{recording.Failed}, wrong: `its PBX "old" is no longer configured`},
		{name: "another PBX", pbx: "pbx2", steps: []recording.State{recording.Failed}},
		{name: "it runs", pbx: "pbx1", steps: []recording.State{recording.Running}},
		{name: "it is settled", pbx: "pbx1", steps: []recording.State{recording.Collecting, recording.Ready}, left: true},
		{name: "it stays", pbx: "pbx1", steps: []recording.State{recording.Collecting, recording.Ready}, keep: true},
		{name: "it is lost", pbx: "pbx1", steps: []recording.State{recording.Collecting, recording.Lost}, keep: true, left: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := recordingtest.NewStore()
			if tt.pbx != "" {
				rec := recording.Recording{ID: id, PBX: tt.pbx, AskedAt: time.Now(), Call: recording.Call{ID: "1", PBX: tt.pbx}}
				if err := store.Add(t.Context(), rec); err != nil {
					t.Fatal(err)
				}
				for _, to := range tt.steps {
					if err := store.Advance(t.Context(), id, recording.Step{To: to, Reason: recording.Reason{Code: recording.ReasonStopped}, At: time.Now()}); err != nil {
						t.Fatal(err)
					}
				}
			}
			file := tt.file
			if file == "" {
				file = recording.MixedFile(id)
			}
			p := recording.PBX{Name: "pbx1", KeepSpool: tt.keep}
			v, err := spool.Owners{Rows: store, PBXs: recording.PBXs{p, {Name: "pbx2"}}}.Judge(t.Context(), p, file)
			if err != nil || v.Left != tt.left || v.Wrong.What != tt.wrong {
				t.Errorf("left %v, wrong %q, %v; want %v and %q", v.Left, v.Wrong.What, err, tt.left, tt.wrong)
			}
		})
	}
}
