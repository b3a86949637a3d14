package retrieve_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"recgate/audio/audiotest"
	"recgate/internal/office"
	"recgate/recording"
)

func TestRetrieve(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		caller, callee := of.PBX.Call(t, "410", "411")
		rec := of.Record(t, "410", "22")
		of.PBX.Pass(2 * time.Second)
		of.Halt(t, "410")
		of.PBX.Hangup(t, caller)
		synctest.Wait()
		wav := of.Fetch(t, " 22 ")
		for _, hz := range []float64{400, 600} {
			if share, err := audiotest.Share(wav, 0, hz); err != nil || share < 30 {
				t.Errorf("share of %v Hz is %.0f %%, %v", hz, share, err)
			}
		}
		row := of.AwaitSettled(t, rec.ID)
		sum := sha256.Sum256(wav)
		if row.SHA256 != hex.EncodeToString(sum[:]) || row.Bytes != int64(len(wav)) || row.Duration != 2*time.Second {
			t.Errorf("row %+v does not agree with %d bytes of audio", row, len(wav))
		}
		for _, id := range []string{caller, callee} {
			a, err := of.RetrieveByUniqueID(t.Context(), recording.RetrieveRequest{Key: id, Actor: recording.Actor{Username: "fred"}})
			if err != nil {
				t.Fatalf("RetrieveByUniqueID(%s): %v", id, err)
			}
			if !bytes.Equal(office.Read(t, a), wav) {
				t.Errorf("RetrieveByUniqueID(%s) gives other audio", id)
			}
		}
		if f, err := of.PBX.Spool().Open(rec.ID.Hex() + ".wav"); err == nil {
			t.Errorf("the spool still holds %v", f)
		}
	})
}

func TestRetrieveNewestThatMayBeRetrieved(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		older := of.Finish(t, "22", time.Second)
		newer := of.Finish(t, "22", 2*time.Second)
		if wav := of.Fetch(t, "22"); len(wav) != 44+32000 {
			t.Errorf("%d bytes, want the newer recording", len(wav))
		}
		if err := of.Store.SetFlags(t.Context(), newer.ID, true, false); err != nil {
			t.Fatal(err)
		}
		if wav := of.Fetch(t, "22"); len(wav) != 44+16000 {
			t.Errorf("%d bytes, want the older recording: the newer is private", len(wav))
		}
		if err := of.Store.SetFlags(t.Context(), older.ID, false, true); err != nil {
			t.Fatal(err)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Conflict, "private")
	})
}

func TestRetrieveRefusals(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		ready := of.Finish(t, "deleted", time.Second)
		if err := of.Store.SetFlags(t.Context(), ready.ID, false, true); err != nil {
			t.Fatal(err)
		}
		of.Finish(t, "empty", 0)
		of.PBX.Refuse(recording.Errorf(recording.Unavailable, "no file"))
		caller, _ := of.PBX.Call(t, "410", "411")
		if _, err := of.Start(t.Context(), recording.StartRequest{Target: "410", Tag: "failed"}); err == nil {
			t.Fatal("the start is not refused")
		}
		of.Record(t, caller, "running")
		stopped, _ := of.PBX.Call(t, "500", "501")
		of.Record(t, stopped, "stopped")
		of.PBX.Pass(time.Second)
		of.Halt(t, stopped)
		for _, tt := range []struct {
			name, key, username string
			code                recording.Code
			words               string
		}{
			{"no tag", "", "fred", recording.Invalid, "tag is missing or empty: give the tag that start was given"},
			{"no username", "22", " ", recording.Invalid, "username is missing or empty: say on whose behalf"},
			{"control character in the tag", "2\x012", "fred", recording.Invalid, "tag"},
			{"control character in the username", "22", "fr\ned", recording.Invalid, "username"},
			{"unknown tag", "nosuch", "fred", recording.NotFound, `"nosuch"`},
			{"another case of the tag", "DELETED", "fred", recording.NotFound, `"DELETED"`},
			{"deleted", "deleted", "fred", recording.Conflict, "deleted"},
			{"empty", "empty", "fred", recording.Conflict, "the recording is empty, there is no audio: "},
			{"failed", "failed", "fred", recording.Conflict, "the recording is failed, there is no audio: no file"},
			{"still recording", "running", "fred", recording.NotReady, "in progress"},
			{"stopped, call in progress", "stopped", "fred", recording.NotReady, "in progress"},
		} {
			office.RunCase(t, tt.name, func() {
				before := len(of.Accesses(t))
				_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: tt.key, Actor: recording.Actor{Username: tt.username, Remote: "192.0.2.9"}})
				office.WantRefusal(t, err, tt.code, tt.words)
				log := of.Accesses(t)
				if len(log) != before+1 || log[0].Outcome == "ok" || log[0].Remote != "192.0.2.9" {
					t.Errorf("access log %+v, want a line of this refusal", log)
				}
			})
		}
		of.PBX.Hangup(t, stopped)
		synctest.Wait()
		of.Fetch(t, "stopped") // without a restart, once the call is over
	})
}

func TestRetrieveDuringTheCall(t *testing.T) {
	office.In(t, office.Options{DuringCall: true}, func(t *testing.T, of *office.Office) {
		of.PBX.Call(t, "410", "411")
		of.Record(t, "410", "22")
		of.PBX.Pass(time.Second)
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.NotReady, "stop it first")
		of.Halt(t, "410")
		of.Fetch(t, "22")
	})
}

func TestRetrieveWithoutAccessLogGivesNothing(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		of.Finish(t, "22", time.Second)
		of.Store.Break("LogAccess")
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		if recording.CodeOf(err) != recording.Unavailable {
			t.Errorf("Retrieve = %v, want Unavailable: nobody would know of it", err)
		}
	})
}

func TestRetrieveOfADamagedArchive(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		rec := of.Finish(t, "22", time.Second)
		if _, err := of.Blobs.Put(t.Context(), rec.Key, strings.NewReader("short")); err != nil {
			t.Fatal(err)
		}
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Unavailable, "5 bytes")
		if err := of.Blobs.Remove(t.Context(), rec.Key); err != nil {
			t.Fatal(err)
		}
		_, err = of.Retrieve(t.Context(), recording.RetrieveRequest{Key: "22", Actor: recording.Actor{Username: "fred"}})
		office.WantRefusal(t, err, recording.Unavailable, "does not hold")
	})
}

func TestRefusedIsLogged(t *testing.T) {
	office.In(t, office.Options{}, func(t *testing.T, of *office.Office) {
		r := recording.RetrieveRequest{Key: strings.Repeat("x", 10_000) + "\xff", Actor: recording.Actor{Username: "fred", Remote: "192.0.2.9"}}
		of.Refused(t.Context(), r, "retrieve", recording.Errorf(recording.Invalid, "tag cannot be decoded"))
		log := of.Accesses(t)
		if len(log) != 1 || log[0].Outcome != "tag cannot be decoded" || len(log[0].Key) != 255 {
			t.Errorf("access log %+v", log)
		}
	})
}

// FuzzText: a tag is refused exactly when it is empty, too long or not
// printable text, and no message that quotes it has a control character.
func FuzzText(f *testing.F) {
	for _, tag := range []string{"22", "O'Brien, 22 <é>", " ", "a\r\nb", "\x00", "\u0085", "\u2028", "\xff", "'; DROP TABLE recordings; --", strings.Repeat("é", 255), "\uFFFD"} {
		f.Add(tag)
	}
	of := office.New().Beside(office.Options{})
	f.Fuzz(func(t *testing.T, tag string) {
		_, err := of.Retrieve(t.Context(), recording.RetrieveRequest{Key: tag, Actor: recording.Actor{Username: "fred", Remote: "192.0.2.7"}})
		trimmed := strings.Trim(tag, " ")
		good := trimmed != "" && utf8.ValidString(tag) && utf8.RuneCountInString(trimmed) <= 255 &&
			!strings.ContainsFunc(trimmed, func(r rune) bool {
				return unicode.Is(unicode.Cc, r) || unicode.In(r, unicode.Zl, unicode.Zp) || r == utf8.RuneError
			})
		want := recording.Invalid
		if good {
			want = recording.NotFound
		}
		if recording.CodeOf(err) != want {
			t.Errorf("%q: %v, want the code %d", tag, err, want)
		}
		if strings.ContainsFunc(recording.Message(err), unicode.IsControl) {
			t.Errorf("the message holds a control character: %q", recording.Message(err))
		}
	})
}
