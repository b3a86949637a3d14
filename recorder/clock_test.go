package recorder_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"recgate/recorder"
	"recgate/recording"
)

// steppedClock is a machine's clock that can be set.
type steppedClock struct{ ahead atomic.Int64 }

func (c *steppedClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *steppedClock) step(by time.Duration) { c.ahead.Add(int64(by)) }

// talkOn lets sound pass for so long, as a call does.
func talkOn(of *office, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(2 * time.Second) {
		of.pbx.Pass(2 * time.Second)
	}
}

// What a clock says when it is set ends no recording early, and keeps none
// running for longer than it may.
func TestMaxLengthWhenTheClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{4 * time.Hour, -4 * time.Hour} {
		for _, restart := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var clock steppedClock
				o := recorder.Options{MaxLength: 10 * time.Minute, Now: clock.now}
				of := newClosedOffice()
				end := of.open(t, o)
				of.pbx.Call(t, "410", "411")
				rec := of.start(t, "410", "22")
				talkOn(of, time.Minute)
				if restart {
					end()
				}
				clock.step(by)
				if restart {
					of.open(t, o)
				}
				talkOn(of, 8*time.Minute)
				if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Running {
					t.Fatalf("the clock set by %v, restart %v: after 9 min it is %s (%s), %v", by, restart, got.State, got.Reason, err)
				}
				unexplained(t, of)
				talkOn(of, 2*time.Minute)
				if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.Reason.String() != "reached max_seconds" {
					t.Errorf("the clock set by %v, restart %v: after 11 min it is %s (%s), %v", by, restart, got.State, got.Reason, err)
				}
			})
		}
	}
}

// A recording is no shorter than its call because the clock was set during it.
func TestLengthOfTheCallWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock steppedClock
		of := newClosedOffice()
		of.open(t, recorder.Options{Now: clock.now})
		of.pbx.Elsewhere()
		of.pbx.Call(t, "410", "411")
		rec := of.start(t, "410", "22")
		talkOn(of, 10*time.Second)
		clock.step(4 * time.Hour)
		of.stop(t, "410")
		time.Sleep(time.Second)
		if got, err := of.store.Get(t.Context(), rec.ID); err != nil || got.State != recording.Ready {
			t.Errorf("a second after the stop it is %s, %v", got.State, err)
		}
	})
}

// How long something waits is no matter of what the clock says.
func TestWaitingWhenTheClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock steppedClock
		of := newClosedOffice()
		of.open(t, recorder.Options{Now: clock.now})
		talk(t, of, 10*time.Second, 2*time.Second)
		time.Sleep(time.Second)
		clock.step(4 * time.Hour)
		if got := of.Figures().Longest; got < time.Second || got > 2*time.Second {
			t.Errorf("after a second it waits for %v", got)
		}
	})
}
