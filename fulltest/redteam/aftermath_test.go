//go:build full

package redteam_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"recgate/internal/await"
)

// checkRecordings asks Asterisk what records on the two channels.
func (c *campaign) checkRecordings(t *testing.T) {
	for channel, others := range map[string]int{c.victim.Name: 1, c.tagged.CallerChannel: 0} {
		list := c.w.l.CLI("mixmonitor list " + channel)
		want := others
		if c.recorder == "mixmonitor" {
			want++
		}
		if n := strings.Count(list, "0x"); n != want {
			t.Errorf("%d MixMonitors record %s, want %d:\n%s", n, channel, want, list)
		}
	}
}

// checkActions judges what recgate said, by the bytes and by Asterisk's own log, and
// compares the two.
func (c *campaign) checkActions(t *testing.T, from int64) {
	log := c.w.logFrom(t, from) // before the bytes are looked at: keepalives go on
	onWire := c.judgeActions(t)
	if strings.Contains(log, mark) {
		at := strings.Index(log, mark)
		t.Errorf("Asterisk read a hostile value: %q", log[max(0, at-300):min(len(log), at+300)])
	}
	j := judge{spool: c.w.l.Spool, uniqueIDs: c.w.uniqueIDs()}
	read := map[string]int{}
	for _, a := range actionsRead(log) {
		read[a.get("Action")]++
		for _, b := range j.breaches(a) {
			c.addFault(t, "Asterisk read %s", b)
		}
	}
	begin := map[string]string{"mixmonitor": "MixMonitor", "monitor": "Monitor"}[c.recorder]
	for _, name := range []string{begin, "Stop" + begin} {
		if onWire[name] != 2 || read[name] != 2 {
			t.Errorf("%d %s were sent, and %d read; want 2", onWire[name], name, read[name])
		}
	}
	// What came before the log was looked at is on the wire alone: the login.
	for name, n := range read {
		if n > onWire[name] {
			t.Errorf("Asterisk read %d %s, recgate sent %d", n, name, onWire[name])
		}
	}
	for name := range countActionsRun(log) {
		if _, lawful := law[name]; !lawful && name != "Hangup" && name != "Originate" {
			t.Errorf("Asterisk ran the action %q", name)
		}
	}
}

// judgeActions judges every byte that recgate sent, and counts the actions by name.
func (c *campaign) judgeActions(t *testing.T) map[string]int {
	t.Helper()
	j := judge{spool: c.w.l.Spool, uniqueIDs: c.w.uniqueIDs()}
	onWire := map[string]int{}
	for _, said := range c.tap.messages() {
		actions, rest := parseActions(said)
		if rest != "" {
			t.Errorf("recgate said half an action: %q", rest)
		}
		if strings.Contains(string(said), mark) {
			t.Error("a hostile value went to Asterisk")
		}
		for _, a := range actions {
			onWire[a.get("Action")]++
			if id := hex32.FindString(a.get("File")); id != "" && a.get("Channel") == c.tagged.CallerUniqueID {
				c.id = id
			}
			for _, b := range j.breaches(a) {
				c.addFault(t, "recgate asked Asterisk for %s", b)
			}
		}
	}
	return onWire
}

// attackCallerIDs records channels whose caller ids are what somebody who telephones
// may send. Asterisk tells them to recgate, which must not tell them back.
func (c *campaign) attackCallerIDs(t *testing.T) {
	for i, value := range []string{
		"410", mark + "$(/usr/bin/touch " + c.canary + "/caller)", "`/usr/bin/touch " + c.canary + "/caller2`", mark + "${SHELL(/usr/bin/touch " + c.canary + "/caller3)}",
		"\x1b[31m" + mark, "\u009b31m" + mark + " <\u202e410>", mark + "' OR '1'='1", mark + ",,b)", `"` + mark + `" <410\;x>`, mark + strings.Repeat("9", 300), "<" + mark + "../../x>",
	} {
		before := len(c.w.eventsFrom(0))
		forbiddenWire(t, c.w, []string{"Action: Originate\r\nChannel: Local/quiet@internal\r\nApplication: Wait\r\nData: 30\r\nAsync: true\r\nCallerID: " + value})
		caller, tag := "", fmt.Sprint("caller ", i)
		c.w.await(t, "a channel of that caller is recorded", func() bool {
			for _, e := range c.w.eventsFrom(before) {
				if e.get("Event") == "Newchannel" && strings.HasPrefix(e.get("Channel"), "Local/quiet@") {
					caller = e.get("Uniqueid")
				}
			}
			a, err := c.ask(doors[0], "start", true, arg{"extenOrUniqueId", caller}, arg{"tag", tag})
			return err == nil && a.status == http.StatusOK
		})
		c.askOK(t, "stop", arg{"extenOrUniqueId", caller})
	}
	c.judgeActions(t)
	c.w.l.Hangup()
}

// retrieveTags retrieves by every tag that was taken: each finds the recording,
// exactly as it was sent, and nothing that is nearly the same does.
func (c *campaign) retrieveTags(t *testing.T, tags []string) {
	if len(tags) < 100 {
		t.Errorf("only %d tags were taken", len(tags))
	}
	user := arg{"username", "fred"}
	c.w.await(t, "the recording is there", func() bool {
		a, err := c.ask(doors[0], "retrieve", true, arg{"tag", "plain"}, user)
		return err == nil && a.status == http.StatusOK
	})
	want := string(c.askOK(t, "retrieve", arg{"tag", "plain"}, user).body)
	orders := make(chan string)
	var wg sync.WaitGroup
	for range attackers {
		wg.Go(func() {
			for tag := range orders {
				c.retrieveTag(t, tag, tags, want)
			}
		})
	}
	for _, tag := range tags {
		orders <- tag
	}
	close(orders)
	await.ReturnWithin(t, longestAttack, "the attackers to be done", wg.Wait)
}

// retrieveTag retrieves by one tag, and by what is nearly the same.
func (c *campaign) retrieveTag(t *testing.T, tag string, tags []string, want string) {
	user := arg{"username", "fred"}
	for _, d := range []door{doors[0], doors[3]} {
		if _, arrives := d.asReceived(tag); !arrives {
			continue
		}
		a, err := c.ask(d, "retrieve", true, arg{"tag", tag}, user)
		if err != nil || a.status != http.StatusOK || !strings.Contains(string(a.body), want) {
			c.addFault(t, "%s: the tag %q is not found: %d %.200s %v", d.name, tag, a.status, a.body, err)
		}
	}
	for _, near := range []string{tag + "x", "x" + tag, strings.ToLower(tag), tag[1:], tag + "\u0301", tag + "%"} {
		if slices.Contains(tags, strings.Trim(near, " ")) {
			continue
		}
		if a, err := c.ask(doors[0], "retrieve", true, arg{"tag", near}, user); err != nil || a.status == http.StatusOK {
			c.addFault(t, "the tag %q, which nobody gave, is answered with %d, %v", near, a.status, err)
		}
	}
}

// checkVictim checks that the victim was recorded all the time, by us and by
// the dialplan, and that there are no more recordings than were asked for.
func (c *campaign) checkVictim(t *testing.T, lasted time.Duration) {
	var body []byte
	c.w.await(t, "the victim's recording is there", func() bool {
		a, err := c.ask(doors[0], "retrieve", true, arg{"tag", "the victim's"}, arg{"username", "fred"})
		body = a.body
		return err == nil && a.status == http.StatusOK
	})
	ours, err := base64.StdEncoding.DecodeString(string(body))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(filepath.Join(c.w.l.Monitor, "dialplan", c.victim.UniqueID+".wav"))
	if err != nil {
		t.Error(err)
	}
	sound := func(wav []byte) time.Duration { return time.Duration(len(wav)-44) * time.Second / 16000 }
	// On a machine that is loaded, Asterisk itself records less than was said;
	// the same, then, for the dialplan and for us.
	if sound(theirs) < lasted*3/4 {
		t.Errorf("the dialplan has %v of the victim, of %v", sound(theirs), lasted)
	}
	if sound(ours) < sound(theirs)-2*time.Second {
		t.Errorf("recgate has %v of the victim, the dialplan %v", sound(ours), sound(theirs))
	}
	told := c.p.runCommand(t, "explain", c.id)
	if !strings.Contains(told, mark) || strings.ContainsFunc(told, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) {
		t.Errorf("recgate explain tells %q", told)
	}
	if ledger := c.p.runCommand(t, "ledger"); !regexp.MustCompile(`(?m)^ready +2\b`).MatchString(ledger) || strings.Contains(ledger, mark) {
		t.Errorf("the ledger is not of two recordings:\n%s", ledger)
	}
}

// checkLeftovers looks for what was left behind: files of commands, files outside of the
// spool, and files in it that are not called as recgate calls them.
func (c *campaign) checkLeftovers(t *testing.T) {
	for path := range listFiles(t, c.canary) {
		if path != c.canary {
			t.Errorf("a command ran: %s", path)
		}
	}
	expected := regexp.MustCompile(`^(` + regexp.QuoteMeta(c.w.l.Spool) + `(/[0-9a-f]{32}(-in|-out)?\.wav)?|` +
		regexp.QuoteMeta(c.w.l.Monitor) + `/dialplan(/[0-9.]+\.wav)?|` + regexp.QuoteMeta(c.w.l.Dir) + `/(pbx|phones)/(log|lib|spool)/(cdr-csv|astdb|cdr-custom|redteam|messages|stdout)[^/]*(/[^/]*\.csv)?)$`)
	for _, path := range newFiles(c.files, listFiles(t, c.ground, c.w.l.Dir), expected) {
		t.Errorf("a file that nobody asked for: %s", path)
	}
	own := regexp.MustCompile(`^(recgate\.(yaml|db|db-wal|db-shm|db-lock|db-serve|db-serve-journal)|log|archive/\.recgate-archive|archive(/\.incoming)?(/[0-9a-f]{6})?(/[0-9a-f]{32}(-[a-z]+)?\.wav)?)?$`)
	for path := range listFiles(t, c.p.Dir) {
		if rel := strings.TrimPrefix(strings.TrimPrefix(path, c.p.Dir), "/"); !own.MatchString(rel) {
			t.Errorf("a file of recgate's that is not its own: %s", rel)
		}
	}
	for _, pattern := range []string{"/*" + mark + "*", os.TempDir() + "/*" + mark + "*", "/etc/*" + mark + "*", "*" + mark + "*"} {
		if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
			t.Errorf("files by a hostile name: %v, %v", found, err)
		}
	}
}
