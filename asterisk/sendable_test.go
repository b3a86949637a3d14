package asterisk

import (
	"strings"
	"testing"

	"recgate/ami/amitest"
	"recgate/recording"
)

// TestOddUniqueID: what Asterisk calls a channel goes back to it as it came.
func TestOddUniqueID(t *testing.T) {
	for _, id := range []string{"crm-call-4711", "PBX Sydney-1763719200.12", "büro-1-1.1", "a,b;c|d&e", `q"u\o'te`, "${EXTEN}", "/^PJSIP/", strings.Repeat("x", 149)} {
		r := newRig(t, nil).up(t)
		r.far.say("Newchannel", "Channel", "PJSIP/500-00000009", "ChannelState", "6", "Uniqueid", id, "Linkedid", id)
		r.writes(t, "MixMonitor", hexID+".wav", amitest.Message("MixMonitorID", "0x1"))
		found, err := r.Find(t.Context(), recording.Target{Text: id, Name: id})
		if err != nil || len(found) != 1 {
			t.Fatalf("Find(%q) = %v, %v", id, found, err)
		}
		if _, err := r.Record(t.Context(), found[0], r.id); err != nil {
			t.Errorf("Record of %q: %v", id, err)
		}
		if err := r.Stop(t.Context(), recording.Recording{ID: r.id, UniqueID: id, Recorder: MixMonitor, Handle: "0x1"}); err != nil {
			t.Errorf("Stop of %q: %v", id, err)
		}
		for _, action := range []string{"MixMonitor", "StopMixMonitor"} {
			if sent := r.far.asked(action); len(sent) != 1 || !strings.HasPrefix(sent[0], "Channel: "+id+", ") {
				t.Errorf("%s of %q: sent %q", action, id, sent)
			}
		}
	}
}

// TestUniqueIDThatCannotBeSent: what is not one value of AMI, or would be read
// as another one, is never sent.
func TestUniqueIDThatCannotBeSent(t *testing.T) {
	r := newRig(t, nil).up(t)
	for _, id := range []string{"", "10.1\r\n\r\nAction: Command", "10.1\n", "10\x00.1", " 10.1", "\t10.1", strings.Repeat("x", 1000)} {
		_, err := r.Record(t.Context(), recording.Channel{UniqueID: id}, r.id)
		code(t, err, recording.Invalid, "cannot be sent to the PBX")
		code(t, r.Stop(t.Context(), recording.Recording{ID: r.id, UniqueID: id, Recorder: Monitor}), recording.Invalid, "cannot be sent to the PBX")
		_, err = r.Reclaim(t.Context(), recording.Recording{ID: r.id, UniqueID: id})
		code(t, err, recording.Invalid, "cannot be sent to the PBX")
	}
	for _, action := range []string{"MixMonitor", "StopMonitor", "Getvar"} {
		if sent := r.far.asked(action); len(sent) > 0 {
			t.Errorf("%s was sent: %q", action, sent)
		}
	}
}

// TestUniqueIDThatIsAName: Asterisk would record the channel of that name.
func TestUniqueIDThatIsAName(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.far.say("Newchannel", "Channel", "PJSIP/500-00000009", "ChannelState", "6", "Uniqueid", "20.1", "Linkedid", "20.1")
	r.far.say("Newchannel", "Channel", "PJSIP/501-0000000a", "ChannelState", "6", "Uniqueid", "pjsip/500-00000009", "Linkedid", "20.1")
	r.far.say("Newchannel", "Channel", "PJSIP/502-0000000b", "ChannelState", "6", "Uniqueid", "PJSIP/502-0000000b", "Linkedid", "20.1")
	found, err := r.Find(t.Context(), recording.Target{Text: "501", Name: "501"})
	if err != nil || len(found) != 1 {
		t.Fatalf("Find = %v, %v", found, err)
	}
	_, err = r.Record(t.Context(), found[0], r.id)
	code(t, err, recording.Conflict, "PJSIP/500-00000009")
	if sent := r.far.asked("MixMonitor"); len(sent) > 0 {
		t.Errorf("sent %q", sent)
	}
	r.writes(t, "MixMonitor", hexID+".wav", amitest.Message("MixMonitorID", "0x1"))
	own, err := r.Find(t.Context(), recording.Target{Text: "502", Name: "502"})
	if err != nil || len(own) != 1 {
		t.Fatalf("Find = %v, %v", own, err)
	}
	if _, err := r.Record(t.Context(), own[0], r.id); err != nil {
		t.Errorf("a channel whose unique id is its own name: %v", err)
	}
}
