package recorder_test

import (
	"testing"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

func TestStalledRecordingsAreCounted(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, _ := of.PBX.Call(t, "410", "411")
		of.Record(t, "410", "22")
		look := func(when string, want int) {
			t.Helper()
			time.Sleep(90 * time.Second)
			if n := of.Book.Figures().Stalled; n != want {
				t.Errorf("%s: %d stalled, want %d", when, n, want)
			}
		}
		look("nothing was ever said", 0)
		of.PBX.Pass(time.Second)
		look("the file stands still", 1)
		of.PBX.Pass(time.Second)
		time.Sleep(25 * time.Second)
		look("it grew, and stands still again", 1)
		of.PBX.Pass(time.Second)
		of.PBX.Change(caller, func(c *recording.Channel) { c.OnHold = true })
		look("on hold", 0)
		of.PBX.Change(caller, func(c *recording.Channel) { c.OnHold = false })
		look("off hold, and nothing comes", 1)
		of.Halt(t, "410")
		look("after the stop", 0)
	})
}
