package asterisk

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/internal/await"
	"recgate/recording"
)

// arrive puts a channel into what the far end lists; no event tells of it.
func (r *rig) arrive(extension, id string) {
	r.far.set(func() {
		r.far.rows = append(r.far.rows, channelRow("PJSIP/"+extension+"-00000009", id, ""))
	})
}

// hearOne tells of a call of its own, which an eventfilter lets through.
func (r *rig) hearOne(id string) {
	r.far.say("Newchannel", "Channel", "PJSIP/700-00000007", "ChannelState", "4", "Uniqueid", id, "Linkedid", id)
	r.far.say("Hangup", "Channel", "PJSIP/700-00000007", "ChannelState", "4", "Uniqueid", id, "Linkedid", id)
	synctest.Wait()
}

func (r *rig) drain() {
	for len(r.events) > 0 {
		<-r.events
	}
}

// TestChannelWithoutEvents: an eventfilter keeps a channel's events from us.
// Whoever asks for it gets it, and soon nothing is ready any more, with the
// reason, until a login hears of all channels.
func TestChannelWithoutEvents(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.hearOne("30.1")
		time.Sleep(time.Minute)
		for n, extension := range []string{"500", "501", "502"} {
			r.arrive(extension, fmt.Sprintf("40.%d", n))
			found, err := r.Find(t.Context(), target(extension))
			if err != nil || len(found) != 1 || found[0].UniqueID != fmt.Sprintf("40.%d", n) {
				t.Fatalf("Find(%s) = %v, %v; want the channel that is listed", extension, found, err)
			}
		}
		if found, err := r.Find(t.Context(), target("40.1")); err != nil || len(found) != 1 {
			t.Errorf("Find by unique id = %v, %v", found, err)
		}
		time.Sleep(missedAfter + 2*auditQuiet)
		const want = `the PBX "pbx1" sends no events of some channels, such as "PJSIP/500-00000009": remove the eventfilter lines of the user "recgate"`
		code(t, r.CanRecord(t.Context()), recording.Unavailable, want)
		_, err := r.Find(t.Context(), four10)
		code(t, err, recording.Unavailable, want)

		time.Sleep(10 * renewAfter) // logins that hear nothing prove nothing
		code(t, r.CanRecord(t.Context()), recording.Unavailable, want)
		if n := r.renewals(); n < 5 {
			t.Errorf("%d logins were made for it", n)
		}
		r.hearOne("30.2") // the filter is gone
		r.drain()
		time.Sleep(2 * auditQuiet)
		if err := r.CanRecord(t.Context()); err != nil {
			t.Errorf("CanRecord once events come: %v", err)
		}
		r.await(t, recording.PBXUp)
		renewals := r.renewals()
		time.Sleep(time.Hour)
		if n := r.renewals(); n != renewals {
			t.Errorf("%d logins were made afterwards", n-renewals)
		}
	})
}

// TestHangupsWithoutEvents: the filter lets channels come, and not go.
func TestHangupsWithoutEvents(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.hearOne("30.1")
		time.Sleep(auditQuiet)
		r.far.set(func() { r.far.rows = r.far.rows[:1] })
		time.Sleep(auditCalm + 3*auditQuiet)
		code(t, r.CanRecord(t.Context()), recording.Unavailable, `such as "PJSIP/411-00000002"`)
	})
}

// TestLateEvents: events that come after the listing, channels that began
// while events were dropped, and those that Asterisk makes for itself, are not
// held against it.
func TestLateEvents(t *testing.T) {
	for name, late := range map[string]func(t *testing.T, r *rig){
		"late": func(t *testing.T, r *rig) {
			r.arrive("500", "40.1")
			if found, err := r.Find(t.Context(), target("500")); err != nil || len(found) != 1 {
				t.Errorf("Find = %v, %v", found, err)
			}
			time.Sleep(missedAfter / 2)
			r.far.say("Newchannel", "Channel", "PJSIP/500-00000009", "ChannelState", "4", "Uniqueid", "40.1", "Linkedid", "40.1")
		},
		"hangup late": func(t *testing.T, r *rig) {
			r.far.set(func() { r.far.rows = r.far.rows[:1] })
			_, _ = r.Find(t.Context(), target("999"))
			if _, lives := r.table.Get("10.2"); lives {
				t.Error("the listing was not asked for")
			}
			r.far.say("Hangup", "Channel", "PJSIP/411-00000002", "ChannelState", "6", "Uniqueid", "10.2", "Linkedid", "10.1")
		},
		"dropped": func(t *testing.T, r *rig) {
			r.arrive("500", "40.1")
			r.far.signals <- ami.Signal{Kind: ami.SignalDropped, Dropped: 1}
		},
		"of its own": func(t *testing.T, r *rig) {
			r.far.set(func() { r.far.rows = append(r.far.rows, channelRow("Message/ast_msg_queue", "40.1", "")) })
			r.far.set(func() { r.far.rows = append(r.far.rows, channelRow("Recorder/ARI-00000001", "40.2", "")) })
			_, _ = r.Find(t.Context(), target("999"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, r *rig) {
				r.hearOne("30.1")
				time.Sleep(auditQuiet + time.Second)
				late(t, r)
				time.Sleep(missedAfter + 2*auditQuiet + auditCalm)
				if err := r.CanRecord(t.Context()); err != nil {
					t.Error(err)
				}
				if n := r.renewals(); n != 0 {
					t.Errorf("%d logins were made", n)
				}
			})
		})
	}
}

// TestMissesAreListedSeldom: however many ask for channels that are not there,
// Asterisk is asked for all of them seldom, and less often the longer that takes.
func TestMissesAreListedSeldom(t *testing.T) {
	for takes, most := range map[time.Duration]int{0: 100, 30 * time.Millisecond: 17, time.Second: 11} {
		inBubble(t, nil, func(t *testing.T, r *rig) {
			r.hearOne("30.1")
			time.Sleep(time.Minute)
			r.far.set(func() { r.far.listing = takes })
			_, _ = r.Find(t.Context(), target("999"))
			before := len(r.far.asked("CoreShowChannels"))
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() {
					if found, err := r.Find(t.Context(), target("999")); err != nil || len(found) != 0 {
						t.Errorf("Find = %v, %v", found, err)
					}
				})
				time.Sleep(10 * time.Millisecond)
			}
			await.Return(t, "all callers to return", all.Wait)
			if n := len(r.far.asked("CoreShowChannels")) - before; n < most-2 || n > most+1 {
				t.Errorf("the channels were listed %d times in 10 s, want %d", n, most)
			}
		})
	}
}

// TestMissedWhileNotListed: a PBX that does not list its channels has not said
// that nobody is there; a loss meanwhile is told as one.
func TestMissedWhileNotListed(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.hearOne("30.1")
		time.Sleep(time.Minute)
		r.far.set(func() { r.far.listed = make(chan struct{}) })
		begin := time.Now()
		_, err := r.Find(t.Context(), target("999"))
		code(t, err, recording.Unavailable, `still loading the channel list from PBX "pbx1"`)
		if !errors.Is(err, errNotListed) || time.Since(begin) > relistPatience {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		done := make(chan error)
		go func() {
			_, err := r.Find(t.Context(), target("999"))
			done <- err
		}()
		synctest.Wait()
		r.far.signals <- ami.Signal{Kind: ami.SignalDown, Err: errCut}
		if err := await.From(t, "Run to end", done); err == nil || !strings.Contains(err.Error(), "not connected") {
			t.Errorf("Find while the connection is lost: %v", err)
		}
	})
}
