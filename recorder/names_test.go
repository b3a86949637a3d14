package recorder_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/office"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// TestOddUniqueIDs: what the PBX calls a channel is recorded, stopped and
// given back by exactly that text.
func TestOddUniqueIDs(t *testing.T) {
	for _, id := range recordingtest.OddIDs {
		office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
			of.PBX.Add(recording.Channel{Name: "SIP/410", Extension: "410", UniqueID: id, LinkedID: id, State: recording.Up, Bridge: "b"})
			of.PBX.Add(recording.Channel{Name: "SIP/411", Extension: "411", UniqueID: id + "2", LinkedID: id, State: recording.Up, Bridge: "b"})
			for i, target := range []string{id, "410", "pbx1/" + id} {
				tag := fmt.Sprint("tag", i)
				if rec := of.Record(t, target, tag); rec.UniqueID != id {
					t.Errorf("start of %q records %q", target, rec.UniqueID)
				}
				of.PBX.Pass(time.Second)
				of.Halt(t, target)
			}
			of.PBX.Hangup(t, id)
			synctest.Wait()
			for _, key := range []string{id, " " + id, id + "2"} {
				a, err := of.RetrieveByUniqueID(t.Context(), recording.RetrieveRequest{Key: key, Actor: recording.Actor{Username: "fred"}})
				if err != nil {
					t.Fatalf("RetrieveByUniqueID(%q): %v", key, err)
				}
				if n := len(office.Read(t, a)); n != 44+16000 {
					t.Errorf("RetrieveByUniqueID(%q) gives %d bytes", key, n)
				}
			}
		})
	}
}

// TestOddNames: a channel is found by its name and by the extension in it,
// whatever they are written with.
func TestOddNames(t *testing.T) {
	for name, extension := range map[string]string{
		"SIP/Zadarma usa-0000061a":      "Zadarma usa",
		"PJSIP/приёмная-0000001b":       "приёмная",
		"PJSIP/o'brien, 2 <x>-0000001c": "o'brien, 2 <x>",
		"SIP/a..b-0000001d":             "a..b",
	} {
		office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
			of.PBX.Add(recording.Channel{Name: name, Extension: recording.Extension(name), State: recording.Up})
			tech, _ := recording.SplitChannel(name)
			for _, target := range []string{extension, tech + "/" + extension, "pbx1/" + extension, name} {
				if rec := of.Record(t, target, "22"); rec.Extension != extension {
					t.Errorf("start of %q records %+v", target, rec)
				}
				of.Halt(t, target)
			}
		})
	}
}

// TestTextThatMatchesNothing: what no channel is called is judged by its form,
// whatever is live, and neither row nor action comes of it.
func TestTextThatMatchesNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		for _, text := range recordingtest.Hostile {
			_, err := of.Start(t.Context(), recording.StartRequest{Target: text, Tag: "22"})
			recordingtest.RefusedByForm(t, "extenOrUniqueId", text, err)
			_, err = of.Stop(t.Context(), recording.StopRequest{Target: text})
			recordingtest.RefusedByForm(t, "extenOrUniqueId", text, err)
			_, err = of.RetrieveByUniqueID(t.Context(), recording.RetrieveRequest{Key: text, Actor: recording.Actor{Username: "fred"}})
			recordingtest.RefusedByForm(t, "uniqueId", text, err)
		}
		if n := of.PBX.Records(); n > 0 {
			t.Errorf("the PBX was asked to record %d times", n)
		}
		if log := of.Accesses(t); len(log) != len(recordingtest.Hostile) {
			t.Errorf("%d lines in the access log, want %d", len(log), len(recordingtest.Hostile))
		}
	})
}

// TestOddTextWhileThePBXIsAway: it may be the name of a channel that nobody
// can see now, unless no channel can be called so.
func TestOddTextWhileThePBXIsAway(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Disconnect()
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "Zadarma usa"})
		office.WantRefusal(t, err, recording.Unavailable, "not connected")
		_, err = of.Start(t.Context(), recording.StartRequest{Target: "410\r\nAction: Ping"})
		office.WantRefusal(t, err, recording.Invalid, "extenOrUniqueId")
	})
}

// TestUniqueIDOfThePBXThatIsAwayWins: of whatever form, it is not taken for an
// extension of another PBX.
func TestUniqueIDOfThePBXThatIsAwayWins(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.PBX.Add(recording.Channel{Name: "SIP/410", Extension: "410", UniqueID: "crm-call-4711", State: recording.Up})
		of.Second.Add(recording.Channel{Name: "SIP/411", Extension: "411", UniqueID: "crm-call-4711", State: recording.Up})
		of.PBX.Disconnect()
		_, err := of.Start(t.Context(), recording.StartRequest{Target: "crm-call-4711"})
		office.WantRefusal(t, err, recording.Unavailable, "not connected")
	})
}

// FuzzUnknownTarget: what no channel answers to is refused, never recorded;
// only texts of the form of an extension or unique id are NotFound.
func FuzzUnknownTarget(f *testing.F) {
	for _, seed := range append(recordingtest.Hostile, recordingtest.OddIDs...) {
		f.Add(seed)
	}
	of := office.New().Beside(office.Options{})
	of.PBX.Call(f, "410", "411")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasSuffix(strings.Trim(text, " "), "410") || strings.HasSuffix(strings.Trim(text, " "), "411") || strings.Contains(text, "00000.") {
			return
		}
		_, err := of.Start(t.Context(), recording.StartRequest{Target: text})
		plain := !strings.ContainsAny(text, "\r\n\x00,\"'`$%<>;|&\\") && !strings.Contains(text, "..")
		if recording.CodeOf(err) == recording.NotFound && plain {
			return
		}
		recordingtest.RefusedByForm(t, "extenOrUniqueId", text, err)
	})
}
