package recording_test

import (
	"testing"

	"recgate/recording"
)

func TestStates(t *testing.T) {
	allowed := map[[2]recording.State]bool{
		{recording.Starting, recording.Running}: true, {recording.Starting, recording.Collecting}: true,
		{recording.Starting, recording.Failed}: true, {recording.Starting, recording.Lost}: true,
		{recording.Running, recording.Collecting}: true, {recording.Running, recording.Failed}: true, {recording.Running, recording.Lost}: true,
		{recording.Collecting, recording.Ready}: true, {recording.Collecting, recording.Empty}: true,
		{recording.Collecting, recording.Failed}: true, {recording.Collecting, recording.Lost}: true,
	}
	final := map[recording.State]bool{recording.Ready: true, recording.Empty: true, recording.Failed: true, recording.Lost: true}
	for _, from := range recording.States() {
		if from.Final() != final[from] {
			t.Errorf("%s.Final() = %v", from, from.Final())
		}
		for _, to := range recording.States() {
			if from.May(to) != allowed[[2]recording.State{from, to}] {
				t.Errorf("%s.May(%s) = %v", from, to, from.May(to))
			}
		}
	}
}
