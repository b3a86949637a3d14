//go:build full

package redteam_test

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// checkTripwires does to Asterisk what recgate must not let anybody do, and checks
// that each of it is seen by what the campaigns look at.
func checkTripwires(t *testing.T, w *witness, ground string) {
	w.l.Hangup()
	call := w.l.Call("410", "411", 60, "")
	canary := filepath.Join(t.TempDir(), "canary")
	files, before := listFiles(t, ground), w.state()
	log, heard := w.logLength(t), len(w.eventsFrom(0))

	wire := forbiddenWire(t, w, []string{
		"Action: Setvar\r\nVariable: " + mark + "\r\nValue: 1",
		"Action: Setvar\r\nChannel: " + call.CallerChannel + "\r\nVariable: " + mark + "\r\nValue: 1",
		"Action: MixMonitor\r\nChannel: " + call.CallerUniqueID + "\r\nFile: " + ground + "/outside.wav,,/usr/bin/touch " + canary,
		"Action: Originate\r\nChannel: Local/8440@internal\r\nApplication: Wait\r\nData: 5\r\nAsync: true",
		"Action: StopMixMonitor\r\nChannel: " + call.CallerUniqueID,
	})
	w.await(t, "the command ran", func() bool { return len(listFiles(t, filepath.Dir(canary))) > 1 })
	w.await(t, "its events came", func() bool {
		all := strings.Join(unexpectedEvents(w.eventsFrom(heard)), "\n")
		return strings.Contains(all, "Variable: "+mark) && strings.Contains(all, "OriginateResponse") && strings.Contains(all, "Newchannel")
	})
	if got := newFiles(files, listFiles(t, ground), regexp.MustCompile(`^$`)); len(got) != 1 {
		t.Errorf("files outside of the spool: %q, want one", got)
	}
	changes := strings.Join(differences(before, w.state()), "\n")
	if !strings.Contains(changes, "dialplan show globals") || !strings.Contains(changes, "variables of "+call.CallerChannel) || !strings.Contains(changes, "new: ") {
		t.Errorf("of what was done only this is seen: %s", changes)
	}
	text := w.logFrom(t, log)
	j := judge{spool: w.l.Spool, uniqueIDs: w.uniqueIDs()}
	actions, _ := parseActions(wire)
	for what, all := range map[string][]action{"on the wire": actions, "in Asterisk's log": actionsRead(text)} {
		seen := 0
		for _, a := range all {
			if a.get("Action") != "Login" && len(j.breaches(a)) > 0 {
				seen++
			}
		}
		if seen != 5 {
			t.Errorf("%d of 5 forbidden actions are seen %s: %q", seen, what, all)
		}
	}
	if n := countActionsRun(text); n["Setvar"] != 2 || n["Originate"] < 1 {
		t.Errorf("Asterisk says that it ran %v", n)
	}
}

// forbiddenWire sends actions as the account admin, awaits their answers, and
// returns the bytes that it sent.
func forbiddenWire(t *testing.T, w *witness, actions []string) (wire []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", w.l.AMI)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	actions = append([]string{"Action: Login\r\nUsername: admin\r\nSecret: " + w.l.Secret("admin") + "\r\nEvents: off"}, actions...)
	answers := bufio.NewScanner(conn)
	for i, a := range actions {
		text := fmt.Sprintf("%s\r\nActionID: forbidden%d\r\n\r\n", a, i)
		wire = append(wire, text...)
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		for answers.Scan() && answers.Text() != fmt.Sprintf("ActionID: forbidden%d", i) {
		}
	}
	return wire
}
