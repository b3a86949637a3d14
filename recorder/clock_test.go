package recorder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
)

// What a clock says when it is set ends no recording early, and keeps none
// running for longer than it may.
func TestMaxLengthWhenTheClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{4 * time.Hour, -4 * time.Hour} {
		for _, restart := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var clock office.Clock
				o := office.Options{MaxLength: 10 * time.Minute, Now: clock.Now}
				of := office.New()
				end := of.Open(t, o)
				of.PBX.Call(t, "410", "411")
				rec := of.Record(t, "410", "22")
				of.TalkOn(time.Minute)
				if restart {
					end()
				}
				clock.Step(by)
				if restart {
					of.Open(t, o)
				}
				of.TalkOn(8 * time.Minute)
				if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running {
					t.Fatalf("the clock set by %v, restart %v: after 9 min it is %s (%s), %v", by, restart, got.State, got.Reason, err)
				}
				of.WantUnexplained(t)
				of.TalkOn(2 * time.Minute)
				if got, err := of.Store.Get(t.Context(), rec.ID); err != nil || got.Reason.String() != "reached max_seconds" {
					t.Errorf("the clock set by %v, restart %v: after 11 min it is %s (%s), %v", by, restart, got.State, got.Reason, err)
				}
			})
		}
	}
}
