//go:build full

package asterisk_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"recgate/ami"
	"recgate/fulltest/mariadbd"
	"recgate/fulltest/wire"
	"recgate/internal/await"
	"recgate/lab"
)

// TestTrouble breaks what recgate depends on, one thing after the other, and
// never restarts recgate: it must say which, within 5 s, and go on by itself.
func TestTrouble(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel() // each has its own Asterisk, and most of a scene is waiting
			l := lab.Start(t, version, lab.Options{Punctual: true, Spool: filepath.Join(t.TempDir(), "spool")})
			for _, scene := range []struct {
				name string
				play func(*testing.T, *lab.Lab)
				has  bool // whether the version has what the scene needs
			}{
				{"the connection is cut and the call ends meanwhile", testCutAndHungUp, true},
				{"the PBX is killed in the middle", testKilledPBX, true},
				{"the mount is not the spool", testWrongMount, true},
				{"the right to record is taken away", testRightsTaken, true},
				{"the database goes away", testDatabaseAway, true},
				{"a pickup takes the recording along", testPickup, true},
				{"something else monitors the channel", testMonitoredAlready, lab.HasMonitor(version)},
			} {
				if !scene.has {
					continue
				}
				t.Run(scene.name, func(t *testing.T) {
					l.Hangup()
					scene.play(t, l)
				})
			}
		})
	}
}

// wantUnavailable asks for a start and checks that the refusal is 503, names what is
// away, and comes in time.
func (p *program) wantUnavailable(t *testing.T, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	status, body := p.Ask(ctx, "start", "extenOrUniqueId", "410", "format", "text")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, what) {
		t.Errorf("status %d, %q; want 503 and %q within 5 s", status, body, what)
	}
}

func testCutAndHungUp(t *testing.T, l *lab.Lab) {
	w := wire.New(t, l.AMI)
	p := newProgram(t, l, settings{address: w.Address()})
	c := l.Call("410", "411", 60, "")
	heard := p.startRecording(t, "start", "extenOrUniqueId", "410", "tag", t.Name())
	time.Sleep(1500 * time.Millisecond)
	w.Cut()
	heard.end(func() { l.HangupChannel(c.CallerUniqueID) })
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
}

func testKilledPBX(t *testing.T, l *lab.Lab) {
	p := newProgram(t, l, settings{})
	l.Call("410", "411", 60, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	time.Sleep(4700 * time.Millisecond) // it writes every 2.1 s
	l.Kill()
	p.awaitStatus(t, http.StatusServiceUnavailable)
	p.wantUnavailable(t, `"pbx1"`)
	l.Restart()
	p.awaitStatus(t, http.StatusOK)
	// The file was never closed: it is left alone until it has not grown for 5 s.
	p.awaitOK(t, "retrieve", "tag", t.Name(), "username", "fred")
	wav := p.retrieve(t, "retrieve", "tag", t.Name())
	seconds := time.Duration(len(wav)-44) * time.Second / 16000
	if seconds < 2*time.Second || seconds > 5*time.Second {
		t.Errorf("%v of sound, want what was written until the kill", seconds)
	}
	wantVoices(t, wav)
	l.Call("410", "411", 60, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", "after "+t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
}

func testWrongMount(t *testing.T, l *lab.Lab) {
	elsewhere := filepath.Join(t.TempDir(), "mount")
	if err := os.Mkdir(elsewhere, 0o750); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, l, settings{more: "    mount: " + elsewhere + "\n"})
	l.Call("410", "411", 60, "")
	p.wantUnavailable(t, "did not appear")
	for _, c := range l.Channels() {
		if list := l.CLI("mixmonitor list " + c.Name); strings.Contains(list, ".wav") {
			t.Errorf("%s is recorded although the start was refused:\n%s", c.Name, list)
		}
	}
}

// testRightsTaken edits manager.conf while recgate runs, cuts it off once, so that
// it logs in with less, and gives the right back.
func testRightsTaken(t *testing.T, l *lab.Lab) {
	w := wire.New(t, l.AMI)
	p := newProgram(t, l, settings{address: w.Address(), recorder: "mixmonitor"})
	c := l.Call("410", "411", 120, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
	file := filepath.Join(l.Dir, "pbx", "etc", "manager.conf")
	had, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		l.CLI("manager reload")
	}
	before, account, found := strings.Cut(string(had), "[recorder]")
	if !found {
		t.Fatalf("no account in %s", had)
	}
	defer write(had)
	write([]byte(before + "[recorder]" + strings.Replace(account, "write = call,system", "write = reporting", 1)))
	w.Cut()
	p.Await(t, "recgate to notice", func() bool {
		status, body := p.Ask(t.Context(), "start", "extenOrUniqueId", "410", "tag", t.Name())
		return status == http.StatusServiceUnavailable && strings.Contains(body, "may not use MixMonitor: add &quot;system&quot; to its write line")
	})
	write(had)
	p.awaitOK(t, "start", "extenOrUniqueId", c.CallerUniqueID, "tag", t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
}

func testDatabaseAway(t *testing.T, l *lab.Lab) {
	db := mariadbd.Start(t)
	p := newProgram(t, l, settings{database: db.DSN(t)})
	c := l.Call("410", "411", 60, "")
	heard := p.startRecording(t, "start", "extenOrUniqueId", "410", "tag", t.Name())
	time.Sleep(time.Second)
	db.Stop(t)
	p.wantUnavailable(t, "database")
	heard.end(func() { l.HangupChannel(c.CallerUniqueID) }) // nobody can write it down now
	db.Restart(t)
	p.awaitOK(t, "retrieve", "tag", t.Name(), "username", "fred")
	wantLength(t, p.retrieve(t, "retrieve", "tag", t.Name()), heard)
	l.Call("410", "411", 60, "")
	p.want(t, http.StatusOK, "start", "extenOrUniqueId", "410", "tag", "after "+t.Name())
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "410")
}

// testPickup records 420, which rings and is picked up by 412.
func testPickup(t *testing.T, l *lab.Lab) {
	p := newProgram(t, l, settings{recorder: "mixmonitor"})
	l.Dial("410", "420", 60, "")
	p.awaitOK(t, "start", "extenOrUniqueId", "420", "tag", t.Name())
	l.Dial("412", "9420", 60, "")
	var picker string
	p.Await(t, "recgate to see the pickup", func() bool {
		for _, c := range l.Channels() {
			if strings.Contains(c.Name, "/412-") && c.Bridge != "" {
				picker = c.UniqueID
			}
		}
		return picker != ""
	})
	time.Sleep(2 * time.Second)
	p.want(t, http.StatusOK, "stop", "extenOrUniqueId", "412")
	l.HangupChannel(picker)
	wav := p.retrieve(t, "retrieve", "tag", t.Name())
	for _, extension := range []string{"410", "412"} {
		if s := toneShare(t, wav, tone(extension)); s < 0.2 {
			t.Errorf("the voice of %s has %.0f %% of the sound", extension, 100*s)
		}
	}
}

func testMonitoredAlready(t *testing.T, l *lab.Lab) {
	p := newProgram(t, l, settings{recorder: "monitor"})
	c := l.Call("410", "411", 60, "")
	admin := ami.New(ami.Options{Address: l.AMI, Username: "admin", Secret: l.Secret("admin")})
	ctx, cancel := context.WithCancel(t.Context())
	up, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- admin.Run(ctx, func(s ami.Signal) {
			if s.Kind == ami.SignalUp {
				close(up)
			}
		})
	}()
	await.From(t, "the connection of the admin", up)
	theirs := ami.NewAction("Monitor", "Channel", c.CallerUniqueID, "File", "theirs", "Format", "wav")
	if _, err := admin.Do(ctx, theirs); err != nil {
		t.Fatal(err)
	}
	status, body := p.Ask(t.Context(), "start", "extenOrUniqueId", "410", "tag", t.Name())
	if status != http.StatusConflict || !strings.Contains(body, "monitored already") {
		t.Errorf("status %d: %.300s; want 409", status, body)
	}
	p.want(t, http.StatusNotFound, "stop", "extenOrUniqueId", "410") // not ours
	time.Sleep(time.Second)
	l.HangupChannel(c.CallerUniqueID)
	cancel()
	if err := await.From(t, "the connection of the admin to end", ended); err != nil {
		t.Error(err)
	}
	p.Await(t, "recgate to see their files", func() bool {
		b, err := os.ReadFile(filepath.Join(l.Monitor, "theirs-in.wav"))
		return err == nil && len(b) > 10_000
	})
}
