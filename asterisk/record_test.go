package asterisk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/recording"
)

const hexID = "01a1fddd8d7a749c81ce26e49049a64e"

func code(t *testing.T, err error, want recording.Code, says string) {
	t.Helper()
	if recording.CodeOf(err) != want || !strings.Contains(recording.Message(err), says) {
		t.Errorf("error %d %q (%v), want code %d and %q", recording.CodeOf(err), recording.Message(err), err, want, says)
	}
}

func TestMixMonitor(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.writes(t, "MixMonitor", hexID+".wav", amitest.Message("MixMonitorID", "0x7fa3800028c0"))
	capture, err := r.Record(t.Context(), r.caller, r.id)
	if err != nil {
		t.Fatal(err)
	}
	want := recording.Capture{Recorder: MixMonitor, Handle: "0x7fa3800028c0", Tracks: []recording.Track{
		{File: hexID + ".wav", Voice: recording.Mixed, Party: "mixed", StartedAt: capture.Tracks[0].StartedAt},
	}}
	if diff := cmp.Diff(want, capture); diff != "" || capture.Tracks[0].StartedAt.IsZero() {
		t.Errorf("Record (-want +got):\n%s", diff)
	}
	rec := recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: capture.Recorder, Handle: capture.Handle, Tracks: capture.Tracks}
	r.vars(map[string]string{"MIXMONITOR(0x7fa3800028c0,filename)": "/var/spool/rec/" + hexID + ".wav"})
	if got, err := r.Reclaim(t.Context(), rec); err != nil || !cmp.Equal(got, capture) {
		t.Errorf("Reclaim = %+v, %v; want as Record", got, err)
	}
	if err := r.Stop(t.Context(), rec); err != nil {
		t.Errorf("Stop: %v", err)
	}
	for action, line := range map[string]string{
		"MixMonitor":     "Channel: 10.1, File: /var/spool/rec/" + hexID + ".wav, Options: i(RECGATE_" + hexID + ")",
		"StopMixMonitor": "Channel: 10.1, MixMonitorID: 0x7fa3800028c0",
	} {
		if diff := cmp.Diff([]string{line}, r.far.asked(action)); diff != "" {
			t.Errorf("%s (-want +sent):\n%s", action, diff)
		}
	}
	r.refuse("StopMixMonitor", couldNotStop)
	code(t, r.Stop(t.Context(), rec), recording.NotFound, "ended already")
	r.refuse("StopMixMonitor", noSuchChannel)
	code(t, r.Stop(t.Context(), rec), recording.NotFound, "channel is gone")
}

// TestStopTouchesNothingElse: an id that now belongs to another recording,
// an unknown one, and one that is not an id at all.
func TestStopTouchesNothingElse(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.vars(map[string]string{"MIXMONITOR(0x1,filename)": "/var/spool/dialplan.wav"})
	rec := recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: MixMonitor, Handle: "0x1"}
	code(t, r.Stop(t.Context(), rec), recording.NotFound, "ended already")
	rec.Handle = ""
	code(t, r.Stop(t.Context(), rec), recording.Conflict, "ends when the channel hangs up")
	rec.Handle = "0x1,filename)\r\nAction: Hangup"
	code(t, r.Stop(t.Context(), rec), recording.Conflict, "ends when the channel hangs up")
	if sent := r.far.asked("StopMixMonitor"); len(sent) > 0 {
		t.Errorf("sent %q, want no stop", sent)
	}
	r.vars(map[string]string{"RECGATE_" + hexID: "0x2"})
	rec.Handle = ""
	if err := r.Stop(t.Context(), rec); err != nil {
		t.Errorf("Stop by the id of the variable: %v", err)
	}
	if sent := r.far.asked("StopMixMonitor"); len(sent) != 1 || sent[0] != "Channel: 10.1, MixMonitorID: 0x2" {
		t.Errorf("sent %q", sent)
	}
}

// TestNoFile: Asterisk says Success and writes nothing. The recording is
// taken back by its id, also when the caller has gone.
func TestNoFile(t *testing.T) {
	began := amitest.Message("Response", "Success", "MixMonitorID", "0xabc")
	for _, tt := range []struct {
		name    string
		verify  time.Duration
		leave   bool
		refuse  string
		want    recording.Code
		says    string
		unknown bool
	}{
		{"in time", time.Millisecond, false, "", recording.Unavailable, "the key spool", false},
		{"the caller leaves", time.Minute, true, "", recording.Unavailable, "the key mount", false},
		{"nothing ran", time.Millisecond, false, couldNotStop, recording.Unavailable, "the key spool", false},
		{"hangup", time.Millisecond, false, noSuchChannel, recording.NotFound, "the call has ended", false},
		{"cannot be stopped", time.Millisecond, false, denied, recording.Unavailable, "the key spool", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, func(c *Config, _ *scripted) { c.VerifyStart = tt.verify }).up(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r.far.set(func() {
				r.far.do["MixMonitor"] = func(ami.Action) (ami.Message, error) {
					if tt.leave {
						cancel()
					}
					return began, nil
				}
			})
			if tt.refuse != "" {
				r.refuse("StopMixMonitor", tt.refuse)
			}
			_, err := r.Record(ctx, r.caller, r.id)
			code(t, err, tt.want, tt.says)
			if errors.Is(err, recording.ErrUncertain) != tt.unknown {
				t.Errorf("uncertain is %v, want %v: %v", !tt.unknown, tt.unknown, err)
			}
			if sent := r.far.asked("StopMixMonitor"); len(sent) != 1 || !strings.Contains(sent[0], "0xabc") {
				t.Errorf("sent %q, want one stop by id", sent)
			}
		})
	}
}

// TestHangupWhileVerifying: the event ends the wait.
func TestHangupWhileVerifying(t *testing.T) {
	r := newRig(t, func(c *Config, _ *scripted) { c.VerifyStart = time.Minute }).up(t)
	r.refuse("StopMixMonitor", noSuchChannel)
	r.far.set(func() {
		r.far.do["MixMonitor"] = func(ami.Action) (ami.Message, error) {
			r.far.say("Hangup", "Channel", "PJSIP/410-00000001", "Uniqueid", "10.1", "Linkedid", "10.1")
			return amitest.Message("Response", "Success", "MixMonitorID", "0xabc"), nil
		}
	})
	_, err := r.Record(t.Context(), r.caller, r.id)
	code(t, err, recording.NotFound, "the call has ended")
}

// TestFileComesLate: the file is made by another thread of Asterisk.
func TestFileComesLate(t *testing.T) {
	r := newRig(t, func(c *Config, _ *scripted) { c.VerifyStart = time.Minute }).up(t)
	r.far.set(func() {
		r.far.do["MixMonitor"] = func(ami.Action) (ami.Message, error) {
			time.AfterFunc(5*time.Millisecond, func() {
				if err := os.WriteFile(filepath.Join(r.mount, hexID+".wav"), []byte("RIFF"), 0o644); err != nil {
					t.Error(err)
				}
			})
			return amitest.Message("Response", "Success", "MixMonitorID", "0xabc"), nil
		}
	})
	if _, err := r.Record(t.Context(), r.caller, r.id); err != nil {
		t.Errorf("Record: %v", err)
	}
}

// TestFileStaysEmpty: a full disk takes the name and not even the header. Who
// asked is told so, and nothing runs on.
func TestFileStaysEmpty(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.far.set(func() {
		r.far.do["MixMonitor"] = func(ami.Action) (ami.Message, error) {
			if err := os.WriteFile(filepath.Join(r.mount, hexID+".wav"), nil, 0o644); err != nil {
				t.Error(err)
			}
			return amitest.Message("Response", "Success", "MixMonitorID", "0xabc"), nil
		}
	})
	_, err := r.Record(t.Context(), r.caller, r.id)
	code(t, err, recording.Unavailable, "its file stays empty")
}

func TestVerifyStartZero(t *testing.T) {
	r := newRig(t, func(c *Config, _ *scripted) { c.VerifyStart = 0 }).up(t)
	if _, err := r.Record(t.Context(), r.caller, r.id); err != nil {
		t.Errorf("Record: %v, want no look at the spool", err)
	}
}

func TestMonitor(t *testing.T) {
	r := newRig(t, func(c *Config, _ *scripted) { c.Recorder = Monitor }).up(t)
	r.writes(t, "Monitor", hexID+"-in.wav", nil)
	capture, err := r.Record(t.Context(), r.caller, r.id)
	if err != nil {
		t.Fatal(err)
	}
	want := []recording.Track{{File: hexID + "-in.wav", Voice: recording.Spoken, Party: "410"}, {File: hexID + "-out.wav", Voice: recording.Heard, Party: "411"}}
	for i := range capture.Tracks {
		want[i].StartedAt = capture.Tracks[i].StartedAt
	}
	if diff := cmp.Diff(recording.Capture{Recorder: Monitor, Tracks: want}, capture); diff != "" {
		t.Errorf("Record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Channel: 10.1, File: /var/spool/rec/" + hexID + ", Format: wav"}, r.far.asked("Monitor")); diff != "" {
		t.Errorf("Monitor (-want +sent):\n%s", diff)
	}
	other := recording.ID("01a1fddd-8d7a-749c-81ce-000000000000")
	_, err = r.Record(t.Context(), r.caller, other)
	code(t, err, recording.Conflict, "stop that recording first, or use MixMonitor")
	code(t, r.Stop(t.Context(), recording.Recording{ID: other, UniqueID: "10.1", Recorder: Monitor}), recording.NotFound, "ended already")
	rec := recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: Monitor}
	if err := r.Stop(t.Context(), rec); err != nil {
		t.Errorf("Stop: %v", err)
	}
	code(t, r.Stop(t.Context(), rec), recording.NotFound, "ended already")
	if sent := r.far.asked("StopMonitor"); len(sent) != 1 {
		t.Errorf("StopMonitor was sent %d times, want once", len(sent))
	}
}

// TestMonitorTaken: what the PBX monitors by itself is left alone.
func TestMonitorTaken(t *testing.T) {
	r := newRig(t, func(c *Config, _ *scripted) { c.Recorder = Monitor }).up(t)
	r.vars(map[string]string{"MONITORED": "true"})
	_, err := r.Record(t.Context(), r.caller, r.id)
	code(t, err, recording.Conflict, "monitored already")
	r.vars(nil)
	code(t, r.Stop(t.Context(), recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: Monitor}), recording.NotFound, "ended already")
	if sent := append(r.far.asked("Monitor"), r.far.asked("StopMonitor")...); len(sent) > 0 {
		t.Errorf("sent %q, want nothing", sent)
	}
	// Of an earlier run of recgate, and still running.
	r.vars(map[string]string{"MONITORED": "true"})
	if err := r.Stop(t.Context(), recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: Monitor}); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// TestMonitorStopEvent: the echo of our own stop ends nothing, whenever it comes,
// also when events before it were dropped; after a new login none comes.
func TestMonitorStopEvent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		between []ami.Signal // the stop and its event
		echo    bool
	}{
		{"in order", nil, true},
		{"events dropped", []ami.Signal{{Kind: ami.SignalDropped, Dropped: 3}}, true},
		{"new login", []ami.Signal{{Kind: ami.SignalDown, Err: errCut}, {Kind: ami.SignalUp}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, func(c *Config, _ *scripted) { c.Recorder, c.VerifyStart = Monitor, 0 }).up(t)
			rec := recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: Monitor}
			if _, err := r.Record(t.Context(), r.caller, rec.ID); err != nil {
				t.Fatal(err)
			}
			if err := r.Stop(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.between {
				r.far.signals <- s
				if s.Kind == ami.SignalDown {
					r.await(t, recording.PBXDown)
				} else {
					r.await(t, recording.PBXUp)
				}
			}
			rec.ID = "01a1fddd-8d7a-749c-81ce-000000000000"
			if _, err := r.Record(t.Context(), r.caller, rec.ID); err != nil {
				t.Fatal(err)
			}
			stopped := func() {
				r.far.say("MonitorStop", "Channel", "PJSIP/410-00000001", "ChannelState", "6", "Uniqueid", "10.1", "Linkedid", "10.1")
			}
			if tt.echo {
				stopped()
			}
			stopped() // somebody else's
			if e := r.await(t, recording.RecordingEnded); e.Channel.Extension != "410" {
				t.Errorf("event %+v", e)
			}
			code(t, r.Stop(t.Context(), rec), recording.NotFound, "ended already")
			if len(r.events) > 0 {
				t.Errorf("event %+v, want no other", <-r.events)
			}
		})
	}
}

func TestReclaim(t *testing.T) {
	r := newRig(t, func(c *Config, _ *scripted) { c.VerifyStart = time.Millisecond }).up(t)
	rec := recording.Recording{ID: r.id, UniqueID: "10.1", AskedAt: time.Unix(5, 0)}
	capture, err := r.Reclaim(t.Context(), rec)
	if err != nil || len(capture.Tracks) != 0 {
		t.Errorf("Reclaim of one that never began = %+v, %v", capture, err)
	}
	r.vars(map[string]string{"RECGATE_" + hexID: "0x5", "MIXMONITOR(0x5,filename)": "/var/spool/rec/" + hexID + ".wav"})
	if capture, err = r.Reclaim(t.Context(), rec); err != nil || len(capture.Tracks) != 0 {
		t.Errorf("Reclaim of one without a file = %+v, %v; want none", capture, err)
	}
	if sent := r.far.asked("StopMixMonitor"); len(sent) != 1 || sent[0] != "Channel: 10.1, MixMonitorID: 0x5" {
		t.Errorf("sent %q, want the recording without a file stopped", sent)
	}
	if err := os.WriteFile(filepath.Join(r.mount, hexID+".wav"), []byte("RIFF"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := recording.Capture{Recorder: MixMonitor, Handle: "0x5", Tracks: []recording.Track{
		{File: hexID + ".wav", Voice: recording.Mixed, Party: "mixed", StartedAt: rec.AskedAt},
	}}
	if capture, err = r.Reclaim(t.Context(), rec); err != nil || !cmp.Equal(want, capture) {
		t.Errorf("Reclaim = %+v, %v; want %+v", capture, err, want)
	}
	r.vars(map[string]string{"RECGATE_" + hexID: "0x5", "MIXMONITOR(0x5,filename)": "/var/spool/dialplan/other.wav"})
	if capture, err = r.Reclaim(t.Context(), rec); err != nil || len(capture.Tracks) != 0 {
		t.Errorf("Reclaim when its id is another recording's = %+v, %v; want none", capture, err)
	}
	rec.UniqueID = "10.3"
	_, err = r.Reclaim(t.Context(), rec)
	code(t, err, recording.NotFound, "the call has ended")
}

// TestPickup: what was recorded on the ringing channel is stopped where it went.
func TestPickup(t *testing.T) {
	r := newRig(t, nil).up(t)
	r.far.say("Newchannel", "Channel", "PJSIP/412-00000003", "ChannelState", "6", "Uniqueid", "10.9", "Linkedid", "10.9")
	r.await(t, recording.ChannelAnswered)
	r.far.say("Pickup", "Channel", "PJSIP/412-00000003", "ChannelState", "6", "Uniqueid", "10.9", "Linkedid", "10.9", "TargetUniqueid", "10.2")
	if e := r.await(t, recording.RecordingMoved); e.Channel.UniqueID != "10.2" || e.To.UniqueID != "10.9" {
		t.Errorf("event %+v", e)
	}
	r.far.say("Hangup", "Channel", "PJSIP/411-00000002", "ChannelState", "5", "Uniqueid", "10.2", "Linkedid", "10.1")
	r.await(t, recording.ChannelHungUp)
	if err := r.Stop(t.Context(), recording.Recording{ID: r.id, UniqueID: "10.2", Recorder: MixMonitor, Handle: "0x7"}); err != nil {
		t.Fatal(err)
	}
	if sent := r.far.asked("StopMixMonitor"); len(sent) != 1 || sent[0] != "Channel: 10.9, MixMonitorID: 0x7" {
		t.Errorf("sent %q, want the stop on the channel that picked up", sent)
	}
}

// TestMonitorStopWhenTheClockIsSet: the echo of our own stop ends nothing when
// the clock was set meanwhile.
func TestMonitorStopWhenTheClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		var ahead atomic.Int64
		r := newRig(t, func(c *Config, _ *scripted) {
			c.Recorder, c.VerifyStart = Monitor, 0
			c.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		}).up(t)
		rec := recording.Recording{ID: r.id, UniqueID: "10.1", Recorder: Monitor}
		if _, err := r.Record(t.Context(), r.caller, rec.ID); err != nil {
			t.Fatal(err)
		}
		if err := r.Stop(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		ahead.Store(int64(by))
		rec.ID = "01a1fddd-8d7a-749c-81ce-000000000000"
		if _, err := r.Record(t.Context(), r.caller, rec.ID); err != nil {
			t.Fatal(err)
		}
		r.far.say("MonitorStop", "Channel", "PJSIP/410-00000001", "ChannelState", "6", "Uniqueid", "10.1", "Linkedid", "10.1")
		r.far.say("Hangup", "Channel", "PJSIP/411-00000002", "ChannelState", "5", "Uniqueid", "10.2", "Linkedid", "10.1")
		r.await(t, recording.ChannelHungUp)
		if err := r.Stop(t.Context(), rec); err != nil {
			t.Errorf("the clock set by %v: the recording that was begun after the stop is over: %v", by, err)
		}
	}
}
