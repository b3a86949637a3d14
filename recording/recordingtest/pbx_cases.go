package recordingtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"recgate/recording"
)

func findBoth(t *testing.T, b *bench) {
	caller, callee := b.Call(t, "410", "411")
	byExtension := b.awaitBridge(t, "410", caller)
	byID := b.awaitBridge(t, callee, callee)
	if byExtension.Extension != "410" || byID.Extension != "411" {
		t.Errorf("extensions %q and %q, want 410 and 411", byExtension.Extension, byID.Extension)
	}
	if byExtension.LinkedID == "" || byExtension.LinkedID != byID.LinkedID {
		t.Errorf("linked ids %q and %q, want the same", byExtension.LinkedID, byID.LinkedID)
	}
	if byExtension.Bridge != byID.Bridge || byExtension.PBX != b.pbx.Name || byExtension.AnsweredAt.IsZero() {
		t.Errorf("channel %+v, want it answered, in one bridge with %+v and on %s", byExtension, byID, b.pbx.Name)
	}
	b.Hangup(t, caller)
	b.find(t, "410")
	b.find(t, callee)
}

func findExactly(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	b.find(t, "410", caller)
	for _, target := range []string{"41", "4100", "10", "SIP", "PJSIP/41", caller + "0", caller[:len(caller)-1]} {
		b.find(t, target)
	}
}

func findTechnology(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	tech, _ := recording.SplitChannel(b.find(t, "410", caller)[0].Name)
	b.find(t, tech+"/410", caller)
	b.find(t, "IAX2/410")
}

func findByName(t *testing.T, b *bench) {
	caller, callee := b.Call(t, "410", "411")
	for _, id := range []string{caller, callee} {
		name := b.find(t, id, id)[0].Name
		b.find(t, name, id)
		b.find(t, name[:len(name)-1])
		b.find(t, name+"0")
	}
}

func oddUniqueID(t *testing.T, b *bench) {
	recordedAs(t, b, `PBX Sydney,büro;b|c&"d\e'%s${EXTEN}) приёмная`)
}

func longUniqueID(t *testing.T, b *bench) { recordedAs(t, b, strings.Repeat("crm-call-", 17)[:149]) }

// recordedAs records a call whose caller's channel has a unique id of a
// program's making, as it would any other.
func recordedAs(t *testing.T, b *bench, id string) {
	b.CallAs(t, "410", "411", id)
	c := b.awaitBridge(t, id, id)
	b.find(t, id[:len(id)-1])
	if c.LinkedID != id || c.Extension != "410" {
		t.Errorf("channel %+v, want the linked id %q", c, id)
	}
	peers, err := b.pbx.Switch.Peers(b.context(t), c)
	if err != nil || len(peers) != 2 {
		t.Errorf("Peers = %+v, %v; want both", peers, err)
	}
	rec := b.record(t, b.awaitBridge(t, "410", id))
	b.Pass(time.Second)
	if capture, err := b.pbx.Recorder.Reclaim(b.context(t), rec); err != nil || len(capture.Tracks) != len(rec.Tracks) {
		t.Errorf("Reclaim = %+v, %v; want %d tracks", capture, err, len(rec.Tracks))
	}
	if err := b.pbx.Recorder.Stop(b.context(t), rec); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	b.sounds(t, rec, "410", "411")
	if capture, err := b.pbx.Recorder.Reclaim(b.context(t), rec); err != nil || len(capture.Tracks) != 0 {
		t.Errorf("Reclaim of one that has ended = %+v, %v; want no tracks", capture, err)
	}
	again := b.record(t, c)
	b.Pass(time.Second)
	b.Hangup(t, id)
	e := b.await(t, "the hangup", func(e recording.Event) bool {
		return e.Kind == recording.ChannelHungUp && e.Channel.UniqueID == id
	})
	if e.Channel.LinkedID != id {
		t.Errorf("event %+v, want the linked id %q", e, id)
	}
	b.sounds(t, again, "410", "411")
}

func peersOfACall(t *testing.T, b *bench) {
	caller, callee := b.Call(t, "410", "411")
	b.Call(t, "500", "501")
	c := b.find(t, "410", caller)[0]
	peers, err := b.pbx.Switch.Peers(b.context(t), c)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, p := range peers {
		got[p.UniqueID] = true
	}
	if len(got) != 2 || !got[caller] || !got[callee] {
		t.Errorf("Peers = %v, want %s and %s", got, caller, callee)
	}
}

func findRinging(t *testing.T, b *bench) {
	callee := b.Ring(t, "410", "420")
	c := b.find(t, "420", callee)[0]
	if c.State == recording.Up {
		t.Errorf("channel %+v, want it ringing", c)
	}
}

func recordAndStop(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	rec := b.record(t, b.find(t, "410", caller)[0])
	b.Pass(2 * time.Second)
	b.wantHeld(t, rec, "while it records", recording.HeldByNobody)
	if err := b.pbx.Recorder.Stop(b.context(t), rec); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	b.sounds(t, rec, "410", "411")
	b.wantHeld(t, rec, "after the stop", recording.HeldByWriter)
	for _, track := range rec.Tracks {
		if names, err := b.pbx.Spool.Names(); err != nil || !slices.Contains(names, track.File) {
			t.Errorf("Names = %v, %v; want %s among them", names, err, track.File)
		}
		if err := b.pbx.Spool.Remove(track.File); err != nil {
			t.Errorf("Remove: %v", err)
		}
		if !gone(b.pbx.Spool, track.File) {
			t.Errorf("%s is there after Remove", track.File)
		}
		if err := b.pbx.Spool.Remove(track.File); err != nil {
			t.Errorf("Remove of a file that is gone: %v", err)
		}
	}
}

// wantHeld checks that the PBX does not say the wrong of who may write to the
// files. A PBX closes them a moment after the stop.
func (b *bench) wantHeld(t *testing.T, rec recording.Recording, when string, wrong recording.Held) {
	t.Helper()
	for _, track := range rec.Tracks {
		is := wrong
		for ctx := b.context(t); is == wrong && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			f, err := b.pbx.Spool.Open(track.File)
			if err != nil {
				t.Fatalf("spool file: %v", err)
			}
			is = f.Held()
			closeFile(t, f)
			if wrong == recording.HeldByNobody {
				break
			}
		}
		if is == wrong {
			t.Errorf("%s the file %s is held: %v", when, track.File, is)
		}
	}
}

func recordAndHangup(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	rec := b.record(t, b.find(t, "410", caller)[0])
	b.Pass(2 * time.Second)
	b.Hangup(t, caller)
	e := b.await(t, "the hangup", func(e recording.Event) bool {
		return e.Kind == recording.ChannelHungUp && e.Channel.UniqueID == caller
	})
	if e.Channel.Extension != "410" || e.Channel.LinkedID == "" || e.At.IsZero() || e.PBX != b.pbx.Name {
		t.Errorf("event %+v, want extension, linked id, time and PBX", e)
	}
	b.find(t, caller)
	b.sounds(t, rec, "410", "411")
	if err := b.pbx.Recorder.Stop(b.context(t), rec); recording.CodeOf(err) != recording.NotFound {
		t.Errorf("Stop after the hangup: %v, want NotFound", err)
	}
}

// hearsTheHangup asks until the hangup was told, which the PBX may not have said yet when
// it was first asked; then it must be told when Hear returns, and out of the table.
func hearsTheHangup(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	c := b.find(t, "410", caller)[0]
	b.Hangup(t, caller)
	for ctx := b.context(t); ctx.Err() == nil; {
		b.pbx.Switch.Hear(ctx)
		for len(b.events) > 0 {
			if e := <-b.events; e.Kind != recording.ChannelHungUp || e.Channel.UniqueID != caller {
				continue
			}
			peers, err := b.pbx.Switch.Peers(ctx, c)
			if err != nil || slices.ContainsFunc(peers, func(p recording.Channel) bool { return p.UniqueID == caller }) {
				t.Errorf("Peers = %+v, %v; want the channel gone", peers, err)
			}
			return
		}
	}
	t.Fatal("the hangup was never told")
}

func recordGone(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	c := b.find(t, "410", caller)[0]
	b.Hangup(t, caller)
	b.find(t, caller)
	id := newID(t)
	_, err := b.pbx.Recorder.Record(b.context(t), c, id)
	if recording.CodeOf(err) != recording.NotFound {
		t.Errorf("Record: %v, want NotFound", err)
	}
	for _, name := range []string{recording.MixedFile(id), recording.SpokenFile(id)} {
		if !gone(b.pbx.Spool, name) {
			t.Errorf("the spool holds %s", name)
		}
	}
}

func stopTwice(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	rec := b.record(t, b.find(t, "410", caller)[0])
	if err := b.pbx.Recorder.Stop(b.context(t), rec); err != nil {
		t.Fatal(err)
	}
	// Monitor answers Success when nothing runs; a PBX that can tell says NotFound.
	if err := b.pbx.Recorder.Stop(b.context(t), rec); err != nil && recording.CodeOf(err) != recording.NotFound {
		t.Errorf("second Stop: %v, want nil or NotFound", err)
	}
}

func reclaim(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	rec := b.record(t, b.find(t, "410", caller)[0])
	capture, err := b.pbx.Recorder.Reclaim(b.context(t), rec)
	if err != nil || len(capture.Tracks) != len(rec.Tracks) || capture.Handle != rec.Handle {
		t.Errorf("Reclaim = %+v, %v; want %d tracks and the handle %q", capture, err, len(rec.Tracks), rec.Handle)
	}
	never := rec
	never.ID, never.Handle, never.Tracks = newID(t), "", nil
	capture, err = b.pbx.Recorder.Reclaim(b.context(t), never)
	if err != nil || len(capture.Tracks) != 0 {
		t.Errorf("Reclaim of one that never began = %+v, %v; want no tracks", capture, err)
	}
	b.Hangup(t, caller)
	b.find(t, caller)
	if _, err = b.pbx.Recorder.Reclaim(b.context(t), rec); recording.CodeOf(err) != recording.NotFound {
		t.Errorf("Reclaim after the hangup: %v, want NotFound", err)
	}
}

func reclaimEnded(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	c := b.find(t, "410", caller)[0]
	first, second := b.record(t, c), recording.Recording{}
	if err := b.pbx.Recorder.Stop(b.context(t), first); err != nil {
		t.Fatal(err)
	}
	second = b.record(t, c)
	capture, err := b.pbx.Recorder.Reclaim(b.context(t), first)
	if err != nil || len(capture.Tracks) != 0 {
		t.Errorf("Reclaim of one that has ended = %+v, %v; want no tracks", capture, err)
	}
	if capture, err = b.pbx.Recorder.Reclaim(b.context(t), second); err != nil || len(capture.Tracks) == 0 {
		t.Errorf("Reclaim of the one that runs = %+v, %v; want its tracks", capture, err)
	}
}

func reclaimWithoutHandle(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	rec := b.record(t, b.find(t, "410", caller)[0])
	lost := rec
	lost.Handle, lost.Tracks, lost.Recorder = "", nil, ""
	capture, err := b.pbx.Recorder.Reclaim(b.context(t), lost)
	if err != nil || len(capture.Tracks) != len(rec.Tracks) || capture.Handle != rec.Handle {
		t.Fatalf("Reclaim = %+v, %v; want the tracks and handle of %+v", capture, err, rec)
	}
	lost.Handle, lost.Tracks, lost.Recorder = capture.Handle, capture.Tracks, capture.Recorder
	if err := b.pbx.Recorder.Stop(b.context(t), lost); err != nil {
		t.Errorf("Stop with what Reclaim found: %v", err)
	}
}

func outlivesConnection(t *testing.T, b *bench) {
	caller, _ := b.Call(t, "410", "411")
	rec := b.record(t, b.find(t, "410", caller)[0])
	b.Pass(500 * time.Millisecond)
	b.Cut(t)
	b.await(t, "the loss of the connection", func(e recording.Event) bool { return e.Kind == recording.PBXDown })
	b.await(t, "the PBX to be up again", func(e recording.Event) bool { return e.Kind == recording.PBXUp })
	b.find(t, "410", caller)
	b.Pass(1500 * time.Millisecond)
	if err := b.pbx.Recorder.Stop(b.context(t), rec); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	b.sounds(t, rec, "410", "411")
}
