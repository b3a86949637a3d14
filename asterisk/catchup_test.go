package asterisk

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
	"recgate/recording"
)

func target(text string) recording.Target { return recording.Target{Text: text, Name: text} }

// TestFindANewChannel: the caller knows of a call that we have not heard of.
func TestFindANewChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		r.await(t, recording.PBXUp)
		r.far.set(func() {
			r.far.unheard = []ami.Message{amitest.Message(
				"Event", "Newchannel",
				"Privilege", "call,all",
				"Channel", "PJSIP/500-00000009",
				"ChannelState", "6",
				"Uniqueid", "10.9",
				"Linkedid", "10.9",
			)}
		})
		found, err := r.Find(t.Context(), target("500"))
		if err != nil || len(found) != 1 || found[0].UniqueID != "10.9" {
			t.Errorf("found %v, %v; want the channel that the PBX had yet to tell of", found, err)
		}
		if _, err := r.Find(t.Context(), target("410")); err != nil || r.far.marks != 1 {
			t.Errorf("the PBX was asked %d times, %v; want once: 410 is known", r.far.marks, err)
		}
	})
}

// TestHear: what the PBX had to say has been told when Hear returns.
func TestHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).up(t)
		r.far.set(func() {
			r.far.unheard = []ami.Message{amitest.Message(
				"Event", "Hangup",
				"Privilege", "call,all",
				"Channel", "PJSIP/410-00000001",
				"Uniqueid", "10.1",
				"Linkedid", "10.1",
			)}
		})
		r.Hear(t.Context())
		select {
		case e := <-r.events:
			if e.Kind != recording.ChannelHungUp || e.Channel.UniqueID != "10.1" {
				t.Errorf("told %+v, want the hangup", e)
			}
		default:
			t.Error("nothing is told when Hear returns")
		}
	})
}

// TestManyMissChannels: they share what one of them asks, and a PBX that
// answers nothing holds nobody for long.
func TestManyMissChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		r.await(t, recording.PBXUp)
		marking := make(chan struct{})
		r.far.set(func() { r.far.marking = marking })
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if found, err := r.Find(t.Context(), target("999")); err != nil || len(found) != 0 {
					t.Errorf("found %v, %v; want nothing", found, err)
				}
			})
		}
		synctest.Wait()
		close(marking)
		await.Return(t, "all callers to return", all.Wait)
		if r.far.marks > 2 {
			t.Errorf("the PBX was asked %d times by 100 at once", r.far.marks)
		}
		r.far.set(func() { r.far.marking = make(chan struct{}) })
		begun := time.Now()
		if _, err := r.Find(t.Context(), target("999")); err != nil || time.Since(begun) > time.Second {
			t.Errorf("%v after %v of the test's time", err, time.Since(begun))
		}
	})
}
