//go:build full

package redteam_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/lab"
)

// witness is what Asterisk itself says of what was done to it: its log of
// every action, all its events, and its state.
type witness struct {
	l      *lab.Lab
	log    string
	mu     sync.Mutex // guards events
	events []action
}

// newWitness lets Asterisk log every AMI action that it reads, and listens to
// all its events.
func newWitness(t *testing.T, l *lab.Lab) *witness {
	t.Helper()
	l.CLI("logger add channel redteam debug,notice,warning,error,verbose,security")
	l.CLI("core set debug 1 manager")
	l.CLI("manager set debug on")
	w := &witness{l: l, log: filepath.Join(l.Dir, "pbx", "log", "redteam")}
	conn, err := net.Dial("tcp", l.AMI)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = conn.Close()
		await.Return(t, "the witness to end", wg.Wait)
	})
	if _, err := fmt.Fprintf(conn, "Action: Login\r\nActionID: witness\r\nUsername: admin\r\nSecret: %s\r\nEvents: on\r\n\r\n", l.Secret("admin")); err != nil {
		t.Fatal(err)
	}
	wg.Go(func() { w.listen(conn) })
	w.await(t, "the witness is logged in", func() bool { return len(w.eventsFrom(0)) > 0 })
	return w
}

func (w *witness) listen(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	var a action
	for lines.Scan() {
		if line := lines.Text(); line != "" {
			a = append(a, line)
			continue
		}
		if a.get("Event") != "" {
			w.mu.Lock()
			w.events = append(w.events, a)
			w.mu.Unlock()
		}
		a = nil
	}
}

// eventsFrom returns the events from the nth on.
func (w *witness) eventsFrom(n int) []action {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events[n:])
}

func (w *witness) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// uniqueIDs returns the unique ids of all channels that Asterisk ever made.
func (w *witness) uniqueIDs() []string {
	var all []string
	for _, e := range w.eventsFrom(0) {
		if e.get("Event") == "Newchannel" {
			all = append(all, e.get("Uniqueid"))
		}
	}
	return all
}

// logLength is how long the log is.
func (w *witness) logLength(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(w.log)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// logFrom is the log from an offset on.
func (w *witness) logFrom(t *testing.T, from int64) string {
	t.Helper()
	b, err := os.ReadFile(w.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[from:])
}

const examining = "<--- Examining AMI action: -->\n"

// actionsRead returns the actions that Asterisk says it has read, except for those of
// the lab and of the witness.
func actionsRead(log string) []action {
	var all []action
	for _, piece := range strings.Split(log, examining)[1:] {
		var a action
		for line := range strings.SplitSeq(piece, "\n") {
			if line = strings.TrimSuffix(line, "\r"); line == "" {
				break
			}
			a = append(a, line)
		}
		if id := a.get("ActionID"); !strings.HasPrefix(id, "lab") && id != "witness" {
			all = append(all, a)
		}
	}
	return all
}

// countActionsRun counts the actions that Asterisk says it has run, by name.
func countActionsRun(log string) map[string]int {
	all := map[string]int{}
	for _, m := range regexp.MustCompile(`Running action '([^']*)'`).FindAllStringSubmatch(log, -1) {
		all[m[1]]++
	}
	return all
}

// state is what a stranger might have changed, one text for each thing.
func (w *witness) state() map[string]string {
	all := map[string]string{}
	for _, command := range []string{"dialplan show globals", "dialplan show", "database show", "manager show users", "core show hints"} {
		all[command] = w.l.CLI(command)
	}
	names := regexp.MustCompile(`(?m)^\s*([A-Za-z0-9_]+\.so) `)
	all["modules"] = fmt.Sprint(names.FindAllString(w.l.CLI("module show"), -1))
	for _, c := range w.l.Channels() {
		_, variables, _ := strings.Cut(w.l.CLI("core show channel "+c.Name), "Variables:")
		variables, _, _ = strings.Cut(variables, "CDR Variables:")
		all["variables of "+c.Name] = variables
		all["bridge of "+c.Name] = c.Bridge + " " + c.State
	}
	return all
}

// differences lists what differs between two states.
func differences(before, after map[string]string) []string {
	var all []string
	for key, was := range before {
		if is := after[key]; is != was {
			all = append(all, fmt.Sprintf("%s was %.600q and is %.600q", key, was, is))
		}
	}
	for key := range after {
		if _, known := before[key]; !known {
			all = append(all, "new: "+key)
		}
	}
	return all
}

// quiet are the events that come by themselves while calls go on.
var quiet = map[string]bool{
	"RTCPSent": true, "RTCPReceived": true, "TestEvent": true,
	"QueueMemberStatus": true, "DeviceStateChange": true, "ExtensionStatus": true, // late news of how the calls began
}

// ours are the variables that recording sets on a channel, or that Asterisk sets
// when a bridge changes its technology, since a recording began.
var ours = regexp.MustCompile(`\A(RECGATE_[0-9a-f]{32}|MIXMONITOR_FILENAME|(__)?MONITORED|BRIDGEPEER|BRIDGEPVTCALLID)\z`)

// unexpectedEvents returns the events that calls which only go on and are recorded do
// not have; allowed are names that may come as well.
func unexpectedEvents(events []action, allowed ...string) []string {
	var all []string
	for _, e := range events {
		name := e.get("Event")
		switch {
		case quiet[name], slices.Contains(allowed, name):
		case name == "VarSet" && ours.MatchString(e.get("Variable")):
		case slices.Contains([]string{"SuccessfulAuth", "ChallengeSent"}, name) && !strings.Contains(e.get("AccountID"), mark):
		default:
			all = append(all, fmt.Sprintf("%q", e))
		}
	}
	return all
}

// listFiles lists the files below folders, by name.
func listFiles(t *testing.T, folders ...string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // some come and go
				return err
			}
			all[path] = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// newFiles lists what is in after, not in before, and not expected.
func newFiles(before, after map[string]bool, expected *regexp.Regexp) []string {
	var all []string
	for path := range after {
		if !before[path] && !expected.MatchString(path) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}
