package asterisk

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/recording"
)

// crowd makes the far end list far too many channels.
func (r *rig) crowd() (undo func()) {
	r.far.set(func() { r.far.tooMany = true })
	return func() { r.far.set(func() { r.far.tooMany = false }) }
}

// TestTooManyChannels: a listing beyond all measure is refused once, in words,
// and asked for again seldom. What was known stays, and what runs is followed.
func TestTooManyChannels(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, r *rig) {
		r.hearOne("30.1")
		r.drain()
		undo := r.crowd()
		time.Sleep(auditCalm + time.Second)
		if err := r.CanRecord(t.Context()); err != nil {
			t.Errorf("while events keep the table: %v", err)
		}
		r.far.say("Hangup", "Channel", "PJSIP/411-00000002", "Uniqueid", "10.2", "Linkedid", "10.1")
		if e := r.await(t, recording.ChannelHungUp); e.Channel.UniqueID != "10.2" {
			t.Errorf("event %+v", e)
		}

		r.far.signals <- ami.Signal{Kind: ami.SignalDown, Err: errCut}
		r.await(t, recording.PBXDown)
		r.far.signals <- ami.Signal{Kind: ami.SignalUp}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		code(t, r.CanRecord(ctx), recording.Unavailable, `the PBX "pbx1" lists more than 20000 channels`)
		if err := r.Stop(t.Context(), recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: MixMonitor, Handle: "0x5"}); err != nil {
			t.Errorf("a stop meanwhile: %v", err)
		}
		before := len(r.far.asked("CoreShowChannels"))
		time.Sleep(time.Hour)
		if n := len(r.far.asked("CoreShowChannels")) - before; n < 50 || n > 70 {
			t.Errorf("the channels were listed %d times in an hour, want once a minute", n)
		}
		undo()
		time.Sleep(2 * retryLatest)
		r.await(t, recording.PBXUp) // from which what ran is settled
		if err := r.CanRecord(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestTableIsBounded: events of ever more channels fill no memory; a listing
// decides what there is.
func TestTableIsBounded(t *testing.T) {
	table := NewTable("pbx1", Extensions{})
	for n := range 2 * maxChannels {
		_, known := table.Apply(amitest.Message(
			"Event", "Newchannel",
			"Channel", fmt.Sprintf("PJSIP/%d-00000001", n),
			"Uniqueid", fmt.Sprintf("50.%d", n),
		), time.Now())
		if known != (n < maxChannels) {
			t.Fatalf("channel %d: known %v", n, known)
		}
	}
	if n := table.Len(); n != maxChannels {
		t.Errorf("%d channels are kept", n)
	}
}
