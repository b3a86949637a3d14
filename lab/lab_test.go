//go:build full

package lab_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"recgate/audio/audiotest"
	"recgate/lab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test on a lab of every version, two at a time.
func each(t *testing.T, o lab.Options, test func(t *testing.T, l *lab.Lab)) {
	for _, version := range lab.Versions() {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			test(t, lab.Start(t, version, o))
		})
	}
}

// until polls, and fails the test when the condition does not come true in time.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("did not come true: %s", what)
		}
	}
}

func TestCallsAreBridgedAndRecordedByTheDialplan(t *testing.T) {
	each(t, lab.Options{}, func(t *testing.T, l *lab.Lab) {
		techs := []string{"pjsip"}
		if lab.HasMonitor(l.Version) {
			techs = append(techs, "sip")
		}
		for _, tech := range techs {
			prefix := strings.ToUpper(tech)
			c := l.Call("410", "7411", 60, tech)
			if !strings.HasPrefix(c.CallerChannel, prefix+"/410-") || !strings.HasPrefix(c.CalleeChannel, prefix+"/411-") {
				t.Errorf("channels of a %s call are %s and %s", tech, c.CallerChannel, c.CalleeChannel)
			}
			if c.Bridge == "" || c.CallerUniqueID == "" || c.CalleeUniqueID == "" || c.LinkedID != c.CallerUniqueID {
				t.Errorf("call lacks something: %+v", c)
			}
			file := filepath.Join(l.Monitor, "dialplan", c.CallerUniqueID+".wav")
			// The recording is written in steps of two seconds.
			until(t, "the file grows", func() bool { i, err := os.Stat(file); return err == nil && i.Size() > 40000 })
			l.Hangup()
			wantTones(t, file, 400, 600)
		}
	})
}

func TestRecordingIntoASpoolOutsideTheRunFolder(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			spool := filepath.Join(t.TempDir(), "spool", "recgate")
			l := lab.Start(t, version, lab.Options{Spool: spool})
			c := l.Call("500", "501", 60, "pjsip")
			file := filepath.Join(spool, "0123.wav")
			l.CLI("mixmonitor start " + c.CallerChannel + " " + file)
			until(t, "the file grows", func() bool { i, err := os.Stat(file); return err == nil && i.Size() > 40000 })
			l.HangupChannel(c.CallerChannel)
			until(t, "the call is gone", func() bool { return len(l.Channels()) == 0 })
			wantTones(t, file, 500, 700)
		})
	}
}

func TestLogins(t *testing.T) {
	extra := lab.User{Name: "extra", Secret: "own", Read: "call", Write: "system,reporting"}
	each(t, lab.Options{Users: []lab.User{extra}}, func(t *testing.T, l *lab.Lab) {
		pem, err := os.ReadFile(l.CA)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			t.Fatal("no certificate in the CA file")
		}
		secure, err := tls.Dial("tcp", l.AMITLS, &tls.Config{RootCAs: pool, ServerName: "localhost"})
		if err != nil {
			t.Fatalf("AMI over TLS: %v", err)
		}
		if got := login(t, secure, "recorder", l.Secret("recorder")); got != "Success" {
			t.Errorf("login over TLS: %s", got)
		}
		for user, want := range map[string]string{"extra": "Success", "systemonly": "Success", "elsewhere": "Error"} {
			plain, err := net.Dial("tcp", l.AMI)
			if err != nil {
				t.Fatal(err)
			}
			if got := login(t, plain, user, l.Secret(user)); got != want {
				t.Errorf("login as %s: %s, want %s", user, got, want)
			}
		}
	})
}

func TestFortyCallsAtOnce(t *testing.T) {
	each(t, lab.Options{}, func(t *testing.T, l *lab.Lab) {
		seen := map[string]bool{}
		for i := range 40 {
			c := l.Call(fmt.Sprint(430+i), "411", 120, "pjsip")
			seen[c.CallerUniqueID], seen[c.CalleeUniqueID] = true, true
		}
		if up := len(l.Channels()); len(seen) != 80 || up != 80 {
			t.Errorf("%d distinct and %d live channels, want 80", len(seen), up)
		}
		l.Hangup()
	})
}

func TestTransfersAndParking(t *testing.T) {
	each(t, lab.Options{}, func(t *testing.T, l *lab.Lab) {
		for _, kind := range []string{lab.Blind, lab.Attended, lab.Refused, lab.Refer} {
			c := l.Call("410", "411", 60, "pjsip")
			channel, to, stays := c.CalleeChannel, "412", "412"
			switch kind {
			case lab.Refused:
				to, stays = "420", "411"
			case lab.Refer:
				channel = "411"
			}
			l.Transfer(kind, channel, to)
			until(t, kind+": 410 with "+stays, func() bool { return bridged(l, "410", stays) })
			l.Hangup()
		}
		c := l.Call("410", "411", 60, "pjsip")
		parked, space := l.Park(c.CalleeChannel)
		if parked.Channel != c.CallerChannel {
			t.Errorf("parked %s, want %s", parked.Channel, c.CallerChannel)
		}
		l.Retrieve("412", space, 10)
		// 411 stays until it has heard the number of the space.
		until(t, "410 with 412", func() bool { return bridged(l, "410", "412") })
	})
}

func TestKillAndRestart(t *testing.T) {
	each(t, lab.Options{}, func(t *testing.T, l *lab.Lab) {
		l.Call("410", "411", 60, "pjsip")
		l.Kill()
		if conn, err := net.Dial("tcp", l.AMI); err == nil {
			_ = conn.Close()
			t.Error("AMI answers after the kill")
		}
		l.Restart()
		if left := l.Channels(); len(left) != 0 {
			t.Errorf("channels after the restart: %v", left)
		}
		// The new call may well have the unique id of the old one: after a
		// restart within the same second Asterisk gives it out again.
		l.Call("410", "411", 60, "pjsip")
		l.Restart() // in order, with a call up
		if !strings.Contains(l.CLI("core show version"), fmt.Sprintf("Asterisk %d.", l.Version)) {
			t.Errorf("version is %s", l.CLI("core show version"))
		}
	})
}

// bridged tells whether two telephones are in one bridge, and nobody else is up.
func bridged(l *lab.Lab, a, b string) bool {
	in := map[string]string{}
	all := l.Channels()
	for _, c := range all {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.Name, "PJSIP/"), "-")
		in[name] = c.Bridge
	}
	return len(all) == 2 && in[a] != "" && in[a] == in[b]
}

// login sends one login and returns the word after Response.
func login(t *testing.T, conn net.Conn, user, secret string) string {
	t.Helper()
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "Action: Login\r\nUsername: %s\r\nSecret: %s\r\nEvents: off\r\n\r\n", user, secret); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if word, ok := strings.CutPrefix(lines.Text(), "Response: "); ok {
			return word
		}
	}
	t.Fatalf("no response to the login of %s: %v", user, lines.Err())
	return ""
}

// wantTones checks that a file is a WAV of half a second or more that holds each tone.
func wantTones(t *testing.T, file string, tones ...float64) {
	t.Helper()
	wav, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(wav) < 8044 {
		t.Fatalf("%s: %d bytes, less than half a second", filepath.Base(file), len(wav))
	}
	for _, hz := range tones {
		share, err := audiotest.Share(wav, 0, hz)
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		if share < 25 {
			t.Errorf("%s: %.0f Hz has %.0f %% of the power, want about half", filepath.Base(file), hz, share)
		}
	}
}
