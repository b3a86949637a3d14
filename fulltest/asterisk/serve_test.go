//go:build full

package asterisk_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/lab"
)

// TestServe runs the whole program in front of a real Asterisk, over all
// recorders and technologies, on both databases.
func TestServe(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // each has its own Asterisk, and most of a scene is waiting
			l := lab.Start(t, version, lab.Options{Punctual: true, Spool: filepath.Join(t.TempDir(), "spool")})
			for _, k := range kinds(version) {
				t.Run(k.recorder+" over "+k.tech, func(t *testing.T) {
					testAll(t, l, k, "")
				})
			}
			t.Run("MariaDB", func(t *testing.T) {
				testAll(t, l, kind{"mixmonitor", "pjsip"}, mariadbd.Start(t).DSN(t))
			})
		})
	}
}

// testAll are the scenes that every combination must pass.
func testAll(t *testing.T, l *lab.Lab, k kind, database string) {
	p := newProgram(t, l, settings{recorder: k.recorder, database: database})
	for _, scene := range []struct {
		name string
		play func(*testing.T, *lab.Lab, kind, *program)
	}{
		{"start and stop by extension", testByExtension},
		{"start by unique id, hangup without stop", testByUniqueID},
		{"retrieve as soon as the channel is gone", testRetrieveAfterHangup},
		{"the dialplan's own recording goes on", testBesideDialplan},
		{"kill -9 in the middle", testKilled},
		{"kill -9, and the call ends meanwhile", testKilledAndHungUp},
		{"a graceful stop leaves recordings running", testStopped},
	} {
		t.Run(scene.name, func(t *testing.T) {
			l.Hangup()
			scene.play(t, l, k, p)
		})
	}
	if t.Failed() {
		t.FailNow()
	}
}

func testByExtension(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	p.want(t, http.StatusNotFound, "start", "extenOrUniqueId", "41", "tag", "none")
	tag := "O'Brien, 22 <é> " + t.Name()
	heard := p.startRecording(t, "start", "extenOrUniqueId", "410", "tag", tag)
	time.Sleep(2500 * time.Millisecond)
	heard.end(func() { p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410") })
	p.want(t, http.StatusConflict, "retrieve", "tag", tag, "username", "fred") // the call is up
	p.want(t, http.StatusNotFound, "stop", "extenOrUniqueId", "410")
	l.HangupChannel(c.CallerUniqueID)
	wantLength(t, p.retrieve(t, "retrieve", "tag", tag), heard)
}

func testByUniqueID(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	heard := p.startRecording(t, "start", "extenOrUniqueId", c.CalleeUniqueID, "tag", t.Name())
	time.Sleep(2 * time.Second)
	heard.end(func() { l.HangupChannel(c.CallerUniqueID) })
	wantLength(t, p.retrieve(t, "retrieveByUniqueId", "uniqueId", c.CalleeUniqueID), heard)
	wantLength(t, p.retrieve(t, "retrieveByUniqueId", "uniqueId", c.CallerUniqueID), heard)
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
}

// testRetrieveAfterHangup asks for recordings when Asterisk does not list their channels
// any more, and no later: none is refused because the call were in progress.
func testRetrieveAfterHangup(t *testing.T, l *lab.Lab, k kind, p *program) {
	for i := range 5 {
		c := l.Call("410", "411", 60, k.tech)
		tag := fmt.Sprintf("%s %d", t.Name(), i)
		p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", tag)
		time.Sleep(time.Second)
		l.HangupChannel(c.CallerUniqueID)
		p.Await(t, "Asterisk to list no channel", func() bool { return len(l.Channels()) == 0 })
		p.want(t, http.StatusOK, "retrieve", "tag", tag, "username", "fred")
	}
}

// testBesideDialplan records a channel that the dialplan records as well.
func testBesideDialplan(t *testing.T, l *lab.Lab, k kind, p *program) {
	dialled := time.Now()
	l.Dial("410", "7411", 60, k.tech)
	var caller string
	p.Await(t, "recgate to see the call", func() bool {
		for _, c := range l.Channels() {
			if strings.Contains(c.Name, "/410-") && c.Bridge != "" {
				caller = c.UniqueID
			}
		}
		return caller != ""
	})
	seen := time.Now()
	heard := p.startRecording(t, "start", "extenOrUniqueId", caller, "tag", t.Name())
	time.Sleep(1500 * time.Millisecond)
	heard.end(func() { p.want(t, http.StatusOK, "stop", "extenOrUniqueId", caller) })
	time.Sleep(1500 * time.Millisecond)
	whole := &span{asked: dialled, told: seen}
	whole.end(func() { l.HangupChannel(caller) })
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
	var theirs []byte
	p.Await(t, "Asterisk to close its own file", func() bool {
		b, err := os.ReadFile(filepath.Join(l.Monitor, "dialplan", caller+".wav"))
		theirs = b
		return err == nil && len(b) > 44 && int(binary.LittleEndian.Uint32(b[40:])) == len(b)-44
	})
	wantLength(t, theirs, whole)
}

func testKilled(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	heard := p.startRecording(t, "start", "extenOrUniqueId", "410", "tag", t.Name())
	time.Sleep(time.Second)
	p.Kill(t)
	time.Sleep(500 * time.Millisecond)
	p.Start(t)
	heard.end(func() { p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "411") }) // the other party, by the live call
	l.HangupChannel(c.CallerUniqueID)
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
}

func testKilledAndHungUp(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	heard := p.startRecording(t, "start", "extenOrUniqueId", "410", "tag", t.Name())
	time.Sleep(1500 * time.Millisecond)
	p.Kill(t)
	heard.end(func() { l.HangupChannel(c.CallerUniqueID) })
	p.Start(t)
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
}

func testStopped(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	heard := p.startRecording(t, "start", "extenOrUniqueId", "410", "tag", t.Name())
	time.Sleep(time.Second)
	p.Stop(t)
	p.Start(t)
	time.Sleep(time.Second)
	heard.end(func() { l.HangupChannel(c.CallerUniqueID) })
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
}

// span is how long a recording is: what is asked for takes effect at some
// moment between the question and its answer.
type span struct {
	asked, told time.Time
	least, most time.Duration
}

// startRecording asks for a recording and begins its span.
func (p *program) startRecording(t *testing.T, method string, args ...string) *span {
	t.Helper()
	s := &span{asked: time.Now()}
	p.want(t, http.StatusOK, method, args...)
	s.told = time.Now()
	return s
}

// end does what ends the recording, and the span.
func (s *span) end(end func()) {
	s.least = time.Since(s.told)
	end()
	s.most = time.Since(s.asked)
}

// slack is what may be missing or too much. Asterisk and the telephones send
// less than they should on a machine that is busy with other things: a tenth.
const slack = 300 * time.Millisecond

// wantLength checks that a WAV is sound, holds the voices of 410 and 411, and
// lasts as long as it should.
func wantLength(t *testing.T, wav []byte, s *span) {
	t.Helper()
	wantVoices(t, wav)
	seconds := time.Duration(len(wav)-44) * time.Second / 16000
	if seconds < s.least-s.least/10-slack || seconds > s.most+slack {
		t.Errorf("%v of sound, want %v to %v", seconds, s.least, s.most)
	}
}

// wantVoices checks that a WAV is sound and holds the voices of 410 and 411.
func wantVoices(t *testing.T, wav []byte) {
	t.Helper()
	if len(wav) < 44 || string(wav[:4]) != "RIFF" || int(binary.LittleEndian.Uint32(wav[40:])) != len(wav)-44 ||
		int(binary.LittleEndian.Uint32(wav[4:])) != len(wav)-8 {
		t.Fatalf("%d bytes whose header does not agree: %.44q", len(wav), wav)
	}
	for _, extension := range []string{"410", "411"} {
		if s := toneShare(t, wav, tone(extension)); s < 0.2 {
			t.Errorf("the voice of %s has %.0f %% of the sound", extension, 100*s)
		}
	}
}
