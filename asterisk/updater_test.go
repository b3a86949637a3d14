package asterisk

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/internal/await"
	"recgate/recording"
)

var four10 = recording.Target{Text: "410", Name: "410"}

// TestUpWaitsForTheTable: PBXUp comes after the listing, and Find waits for it.
func TestUpWaitsForTheTable(t *testing.T) {
	listed := make(chan struct{})
	r := newRig(t, func(_ *Config, s *scripted) { s.listed = listed })
	_, err := r.Find(t.Context(), four10)
	code(t, err, recording.Unavailable, "not connected")
	r.far.signals <- ami.Signal{Kind: ami.SignalUp}
	for !slices.Contains(r.far.asked("CoreShowChannels"), "") {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Find(ctx, four10)
	code(t, err, recording.Unavailable, "try again")
	// Told while the listing is under way, and not in it.
	r.far.say("Newchannel", "Channel", "PJSIP/500-00000009", "ChannelState", "4", "Uniqueid", "10.9", "Linkedid", "10.9")
	r.far.say("Hangup", "Channel", "PJSIP/411-00000002", "Uniqueid", "10.2", "Linkedid", "10.1")
	for r.table.Len() == 0 {
		time.Sleep(time.Millisecond)
	}
	found := make(chan []recording.Channel)
	go func() {
		channels, _ := r.Find(t.Context(), four10)
		found <- channels
	}()
	close(listed)
	if channels := await.From(t, "the channels", found); len(channels) != 1 || channels[0].UniqueID != "10.1" {
		t.Errorf("Find = %v, want it to wait for the listing", channels)
	}
	r.await(t, recording.PBXUp)
	if peers, err := r.Peers(t.Context(), recording.Channel{UniqueID: "10.1"}); err != nil || len(peers) != 1 {
		t.Errorf("Peers = %v, %v; want 410 alone: 411 hung up during the listing", peers, err)
	}
}

func TestDownAndUpAgain(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.far.signals <- ami.Signal{Kind: ami.SignalDown, Err: errCut}
	r.await(t, recording.PBXDown)
	_, err := r.Find(t.Context(), four10)
	code(t, err, recording.Unavailable, `the PBX "pbx1" is not connected`)
	r.far.set(func() { r.far.rows = r.far.rows[1:] })
	r.far.signals <- ami.Signal{Kind: ami.SignalUp}
	r.await(t, recording.PBXUp)
	if found, err := r.Find(t.Context(), four10); err != nil || len(found) != 0 {
		t.Errorf("Find = %v, %v; want none: 410 hung up meanwhile", found, err)
	}
	if n := len(r.far.asked("ListCommands")); n != 2 {
		t.Errorf("ListCommands was sent %d times, want once per login", n)
	}
}

func TestDroppedEvents(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.far.set(func() { r.far.rows = r.far.rows[:1] })
	r.far.signals <- ami.Signal{Kind: ami.SignalDropped, Dropped: 7}
	r.await(t, recording.PBXUp)
	if n := r.table.Len(); n != 1 {
		t.Errorf("%d channels, want 1", n)
	}
	if n := len(r.far.asked("ListCommands")); n != 1 {
		t.Errorf("ListCommands was sent %d times, want once per login", n)
	}
}

// TestCallEvents: answers and hangups, with the table changed before they are told.
func TestCallEvents(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.far.say("Newchannel", "Channel", "PJSIP/500-00000003", "ChannelState", "4", "Uniqueid", "20.1", "Linkedid", "20.1")
	r.far.say("Newstate", "Channel", "PJSIP/500-00000003", "ChannelState", "6", "Uniqueid", "20.1", "Linkedid", "20.1")
	if e := r.await(t, recording.ChannelAnswered); e.Channel.Extension != "500" || e.Channel.AnsweredAt.IsZero() {
		t.Errorf("event %+v", e)
	}
	for i, last := range []bool{false, true} {
		id := []string{"10.1", "10.2"}[i]
		r.far.say("Hangup", "Channel", "PJSIP/x-00000001", "Uniqueid", id, "Linkedid", "10.1")
		e := r.await(t, recording.ChannelHungUp)
		if e.Channel.UniqueID != id || e.Last != last || e.Channel.Bridge != "b" {
			t.Errorf("event %+v, want last %v and the channel as it was", e, last)
		}
		if _, lives := r.table.Get(id); lives {
			t.Errorf("%s is in the table when its hangup is told", id)
		}
	}
}

func TestListsByStatus(t *testing.T) {
	r := newRig(t, func(_ *Config, s *scripted) { s.commands = []string{"Status", "Monitor", "StopMonitor"} }).up(t)
	if len(r.far.asked("Status")) != 1 || len(r.far.asked("CoreShowChannels")) != 0 {
		t.Errorf("sent %v", r.far.sent)
	}
}

func TestMayNotList(t *testing.T) {
	r := newRig(t, func(_ *Config, s *scripted) { s.commands = []string{"Ping"} })
	r.far.signals <- ami.Signal{Kind: ami.SignalUp}
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := r.Find(ctx, four10)
		cancel()
		if recording.Message(err) != `the PBX "pbx1" is not connected` { // the signal was taken
			code(t, err, recording.Unavailable, `may not use CoreShowChannels: add "system" to its write line`)
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("no answer")
}

// inBubble runs a PBX in fake time.
func inBubble(t *testing.T, edit func(*Config, *scripted), test func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) { test(t, newRig(t, edit).up(t)) })
}

// TestDeafLogin: a user without the read class "call" is told from a quiet PBX.
func TestDeafLogin(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		time.Sleep(3 * auditQuiet)
		if _, err := r.Find(t.Context(), four10); err != nil {
			t.Errorf("Find on a quiet PBX: %v", err)
		}
		r.far.set(func() { r.far.rows = r.far.rows[:1] })
		time.Sleep(2*auditQuiet + time.Second)
		_, err := r.Find(t.Context(), four10)
		code(t, err, recording.Unavailable, `add "call" to the read line of the user "recgate"`)
		if _, err := r.check(t.Context()); recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("Check: %v", err)
		}
		r.far.say("Newstate", "Channel", "PJSIP/410-00000001", "ChannelState", "6", "Uniqueid", "10.1", "Linkedid", "10.1")
		synctest.Wait()
		if _, err := r.Find(t.Context(), four10); err != nil {
			t.Errorf("Find once an event has come: %v", err)
		}
	})
}

// TestAuditHeals: whatever was missed is found by a listing, and told as Up.
func TestAuditHeals(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.far.say("Newstate", "Channel", "PJSIP/410-00000001", "ChannelState", "6", "Uniqueid", "10.1", "Linkedid", "10.1")
		time.Sleep(auditQuiet + time.Second)
		r.far.set(func() { r.far.rows = r.far.rows[:1] })
		time.Sleep(auditCalm)
		r.await(t, recording.PBXUp)
		if n := r.table.Len(); n != 1 {
			t.Errorf("%d channels, want 1", n)
		}
		// An event about a channel that should be known has them listed soon.
		r.far.set(func() { r.far.rows = append(r.far.rows, channelRow("PJSIP/500-00000003", "20.1", "c")) })
		r.far.say("Newstate", "Channel", "PJSIP/500-00000003", "ChannelState", "6", "Uniqueid", "20.1", "Linkedid", "20.1")
		time.Sleep(2 * retryAfter)
		if c, ok := r.table.Get("20.1"); !ok || c.Bridge != "c" {
			t.Errorf("channel %v %+v, want its bridge known", ok, c)
		}
	})
}

// TestListingIsRetried after an error that is not about rights.
func TestListingIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.far.do["ListCommands"] = func(ami.Action) (ami.Message, error) { return nil, ami.ErrTimeout }
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		synctest.Wait()
		r.far.set(func() { delete(r.far.do, "ListCommands") })
		r.await(t, recording.PBXUp)
	})
}

// TestOldListing: what was asked before events were dropped is void.
func TestOldListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := make(chan struct{}), make(chan struct{})
		r := newRig(t, func(_ *Config, s *scripted) { s.listed = first })
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		synctest.Wait()
		r.far.set(func() { r.far.listed, r.far.rows = second, nil })
		r.far.signals <- ami.Signal{Kind: ami.SignalDropped, Dropped: 1}
		synctest.Wait()
		close(first)
		synctest.Wait()
		if r.session.isReady() || r.table.Len() > 0 {
			t.Error("the table was built from a listing that is void")
		}
		close(second)
		r.await(t, recording.PBXUp)
	})
}

func TestRunTwice(t *testing.T) {
	p, err := newPBX(Config{Name: "pbx1", Spool: "/s"}, failing{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), func(recording.Event) {}); !errors.Is(err, errCut) {
		t.Errorf("Run = %v, want the error of the client", err)
	}
}

type failing struct{ connection }

func (failing) Run(context.Context, func(ami.Signal)) error { return errCut }
