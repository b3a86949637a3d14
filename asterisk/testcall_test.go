package asterisk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/recording"
)

const testPlace = "tone@recgate-test"

// mayCall lets the far end allow Originate, and do what answer says.
func mayCall(answer func(r *scripted, a ami.Action) (ami.Message, error)) func(*Config, *scripted) {
	return func(_ *Config, far *scripted) {
		far.commands = append(far.commands, "Originate", "Hangup")
		far.do["Originate"] = func(a ami.Action) (ami.Message, error) { return answer(far, a) }
	}
}

func TestTestCall(t *testing.T) {
	r := newRig(t, mayCall(func(far *scripted, a ami.Action) (ami.Message, error) {
		id := header(a, "ChannelId")
		far.say("Newchannel", "Channel", "Local/"+testPlace+"-00000000;1", "ChannelState", "0", "Uniqueid", id, "Linkedid", id)
		far.say("Newstate", "Channel", "Local/"+testPlace+"-00000000;1", "ChannelState", "6", "Uniqueid", id, "Linkedid", id)
		return amitest.Message("Response", "Success"), nil
	})).up(t)
	id, err := r.TestCall(t.Context(), testPlace)
	if err != nil || !strings.HasPrefix(id, TestCallPrefix) || sendable(id) != nil {
		t.Fatalf("TestCall gave %q, %v", id, err)
	}
	base := strings.TrimSuffix(id, "1")
	want := "Channel: Local/tone@recgate-test/n, Context: recgate-test, Exten: tone, Priority: 1, Timeout: 3000, Async: true, ChannelId: " + id + ", OtherChannelId: " + base + "2"
	if sent := r.far.asked("Originate"); len(sent) != 1 || sent[0] != want {
		t.Errorf("sent %q, want %q", sent, want)
	}
	if err := r.EndTestCall(t.Context(), id); err != nil {
		t.Error(err)
	}
	if sent := r.far.asked("Hangup"); len(sent) != 1 || sent[0] != "Channel: "+id+", Cause: 16" {
		t.Errorf("sent %q", sent)
	}
	r.far.set(func() {
		r.far.do["Hangup"] = func(ami.Action) (ami.Message, error) {
			return nil, &ami.ResponseError{Action: "Hangup", Message: noSuchChannel}
		}
	})
	if err := r.EndTestCall(t.Context(), id); err != nil {
		t.Errorf("ending a call that is over: %v", err)
	}
}

// TestTestCallHostile: what could be read as more than an extension and a
// context is refused before anything is sent.
func TestTestCallHostile(t *testing.T) {
	r := newRig(t, mayCall(func(*scripted, ami.Action) (ami.Message, error) { return nil, errors.New("it was sent") })).up(t)
	for _, to := range []string{
		"", "tone", "@", "tone@", "@recgate-test", "tone@a@b", "tone@x/n", "tone@x,1,System(id)", "tone@x\r\nAction: Command", "to ne@x", "${X}@x", "tone@x&SIP/410", strings.Repeat("a", 41) + "@x",
	} {
		if _, err := r.TestCall(t.Context(), to); recording.CodeOf(err) != recording.Invalid {
			t.Errorf("%q: %v", to, err)
		}
	}
	for _, id := range []string{"", "PJSIP/410-00000001", "10.1\r\nAction: Command", "/^PJSIP/"} {
		if err := r.EndTestCall(t.Context(), id); recording.CodeOf(err) != recording.Invalid {
			t.Errorf("%q: %v", id, err)
		}
	}
	if sent := append(r.far.asked("Originate"), r.far.asked("Hangup")...); len(sent) > 0 {
		t.Errorf("sent %q", sent)
	}
}

func TestTestCallFails(t *testing.T) {
	denied := &ami.ResponseError{Action: "Originate", Message: "Permission denied", Denied: true}
	for _, tt := range []struct {
		name   string
		answer func(*scripted, ami.Action) (ami.Message, error)
		hangs  bool // up, to be sure
		says   string
	}{
		{"right taken away", func(*scripted, ami.Action) (ami.Message, error) { return nil, denied }, false, `may not use Originate, which test calls need: add "originate"`},
		{"no extension", func(*scripted, ami.Action) (ami.Message, error) {
			return nil, &ami.ResponseError{Action: "Originate", Message: noExtension}
		}, false, `made no test call: is "tone@recgate-test" in its dialplan`},
		{"never up", func(*scripted, ami.Action) (ami.Message, error) { return amitest.Message("Response", "Success"), nil }, true, `made no test call: is "tone@recgate-test" in its dialplan`},
		{"connection lost", func(*scripted, ami.Action) (ami.Message, error) { return nil, ami.ErrLost }, true, "was lost before it answered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // one waits
			r := newRig(t, mayCall(tt.answer)).up(t)
			_, err := r.TestCall(t.Context(), testPlace)
			code(t, err, recording.Unavailable, tt.says)
			if hung := len(r.far.asked("Hangup")) > 0; hung != tt.hangs {
				t.Errorf("hung up: %v", hung)
			}
		})
	}
	r := newRig(t, nil).up(t)
	_, err := r.TestCall(t.Context(), testPlace)
	code(t, err, recording.Unavailable, `may not use Originate, which test calls need: add "originate" to its write line in manager.conf`)
	gone, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	r = newRig(t, mayCall(func(*scripted, ami.Action) (ami.Message, error) { return amitest.Message("Response", "Success"), nil })).up(t)
	if _, err = r.TestCall(gone, testPlace); err == nil || len(r.far.asked("Hangup")) == 0 && len(r.far.asked("Originate")) > 0 {
		t.Errorf("given up: %v, hung up: %q", err, r.far.asked("Hangup"))
	}
}
