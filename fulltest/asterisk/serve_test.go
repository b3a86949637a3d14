//go:build full

package asterisk_test

import (
	"encoding/binary"
	"math"
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
			l := lab.Start(t, version, lab.Options{Spool: filepath.Join(t.TempDir(), "spool")})
			for _, k := range kinds(version) {
				t.Run(k.recorder+" over "+k.tech, func(t *testing.T) {
					all(t, l, k, "")
				})
			}
			t.Run("MariaDB", func(t *testing.T) {
				all(t, l, kind{"mixmonitor", "pjsip"}, mariadbd.Start(t).DSN(t))
			})
		})
	}
}

// all are the scenes that every combination must pass.
func all(t *testing.T, l *lab.Lab, k kind, database string) {
	p := newProgram(t, l, settings{recorder: k.recorder, database: database})
	for _, scene := range []struct {
		name string
		play func(*testing.T, *lab.Lab, kind, *program)
	}{
		{"start and stop by extension", byExtension},
		{"start by unique id, hangup without stop", byUniqueID},
		{"the dialplan's own recording goes on", besideDialplan},
		{"kill -9 in the middle", killed},
		{"kill -9, and the call ends meanwhile", killedAndGone},
		{"a graceful stop leaves recordings running", stoppedGracefully},
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

func byExtension(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	p.want(t, http.StatusNotFound, "start", "extenOrUniqueId", "41", "tag", "none")
	tag := "O'Brien, 22 <é> " + t.Name()
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", tag)
	began := time.Now()
	time.Sleep(2500 * time.Millisecond)
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
	lasted := time.Since(began)
	p.want(t, http.StatusConflict, "retrieve", "tag", tag, "username", "fred") // the call is up
	p.want(t, http.StatusNotFound, "stop", "extenOrUniqueId", "410")
	l.HangupChannel(c.CallerUniqueID)
	holds(t, p.retrieve(t, "retrieve", "tag", tag), lasted)
}

func byUniqueID(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", c.CalleeUniqueID, "tag", t.Name())
	began := time.Now()
	time.Sleep(2 * time.Second)
	lasted := time.Since(began)
	l.HangupChannel(c.CallerUniqueID)
	holds(t, p.retrieve(t, "retrieveByUniqueId", "uniqueId", c.CalleeUniqueID), lasted)
	holds(t, p.retrieve(t, "retrieveByUniqueId", "uniqueId", c.CallerUniqueID), lasted)
	holds(t, p.retrieve(t, "retrieve", "tag", t.Name()), lasted)
}

// besideDialplan records a channel that the dialplan records as well.
func besideDialplan(t *testing.T, l *lab.Lab, k kind, p *program) {
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
	began := time.Now()
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", caller, "tag", t.Name())
	time.Sleep(1500 * time.Millisecond)
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", caller)
	time.Sleep(1500 * time.Millisecond)
	whole := time.Since(began)
	l.HangupChannel(caller)
	holds(t, p.retrieve(t, "retrieve", "tag", t.Name()), 1500*time.Millisecond)
	time.Sleep(time.Second) // Asterisk closes its own file
	theirs, err := os.ReadFile(filepath.Join(l.Monitor, "dialplan", caller+".wav"))
	if err != nil {
		t.Fatal(err)
	}
	holds(t, theirs, whole)
}

func killed(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	began := time.Now()
	time.Sleep(time.Second)
	p.Kill(t)
	time.Sleep(500 * time.Millisecond)
	p.Start(t)
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "411") // the other party, by the live call
	lasted := time.Since(began)
	l.HangupChannel(c.CallerUniqueID)
	holds(t, p.retrieve(t, "retrieve", "tag", t.Name()), lasted)
}

func killedAndGone(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	began := time.Now()
	time.Sleep(1500 * time.Millisecond)
	p.Kill(t)
	lasted := time.Since(began)
	l.HangupChannel(c.CallerUniqueID)
	p.Start(t)
	holds(t, p.retrieve(t, "retrieve", "tag", t.Name()), lasted)
}

func stoppedGracefully(t *testing.T, l *lab.Lab, k kind, p *program) {
	c := l.Call("410", "411", 60, k.tech)
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	began := time.Now()
	time.Sleep(time.Second)
	p.Stop(t)
	p.Start(t)
	time.Sleep(time.Second)
	lasted := time.Since(began)
	l.HangupChannel(c.CallerUniqueID)
	holds(t, p.retrieve(t, "retrieve", "tag", t.Name()), lasted)
}

// holds checks that a WAV is sound, holds the voices of 410 and 411, and
// lasts as long as it should, within 0.3 s.
func holds(t *testing.T, wav []byte, lasted time.Duration) {
	t.Helper()
	speaks(t, wav)
	seconds := float64(len(wav)-44) / 16000
	if math.Abs(seconds-lasted.Seconds()) > 0.3 {
		t.Errorf("%.2f s of sound, want %.2f s", seconds, lasted.Seconds())
	}
}

// speaks checks that a WAV is sound and holds the voices of 410 and 411.
func speaks(t *testing.T, wav []byte) {
	t.Helper()
	if len(wav) < 44 || string(wav[:4]) != "RIFF" || int(binary.LittleEndian.Uint32(wav[40:])) != len(wav)-44 ||
		int(binary.LittleEndian.Uint32(wav[4:])) != len(wav)-8 {
		t.Fatalf("%d bytes whose header does not agree: %.44q", len(wav), wav)
	}
	for _, extension := range []string{"410", "411"} {
		if s := share(t, wav, tone(extension)); s < 0.2 {
			t.Errorf("the voice of %s has %.0f %% of the sound", extension, 100*s)
		}
	}
}
