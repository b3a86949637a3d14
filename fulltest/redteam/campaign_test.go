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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"recgate/fulltest/mariadbd"
	"recgate/lab"
)

// attackers is how many requests are under way at a time.
const attackers = 32

// TestRedTeam attacks recgate by every door with every value, in front of each
// Asterisk, with each recorder, on both databases.
func TestRedTeam(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			// The spool is deep, so that what climbs out of it is still below where we look.
			ground := t.TempDir()
			l := lab.Start(t, version, lab.Options{Spool: filepath.Join(ground, "a", "b", "spool")})
			w := newWitness(t, l)
			t.Run("MixMonitor, SQLite", func(t *testing.T) { newCampaign(t, w, ground, "mixmonitor", "", "json").run(t) })
			t.Run("MixMonitor, MariaDB", func(t *testing.T) {
				newCampaign(t, w, ground, "mixmonitor", mariadbd.Start(t).DSN(t), "text").run(t)
			})
			if lab.HasMonitor(version) {
				t.Run("Monitor, SQLite", func(t *testing.T) { newCampaign(t, w, ground, "monitor", "", "text").run(t) })
			}
			t.Run("what is forbidden would be seen", func(t *testing.T) { tripwires(t, w, ground) })
		})
	}
}

// campaign is one attack on one recgate. The attacker knows the key and two
// calls: 410, whose recording he may tag, and 500, the victim.
type campaign struct {
	w        *witness
	ground   string // all that may be written to is below it, or in the folder of recgate
	canary   string // the folder in which a command that runs leaves a file
	trap     *trap
	tap      *tap
	p        *program
	recorder string
	id       string // of the recording of 410, as Asterisk was told it
	files    map[string]bool
	faults   sync.Map // how many were found, by what is said of them
	victim   lab.Channel
	tagged   lab.Call
}

func newCampaign(t *testing.T, w *witness, ground, recorder, database, logs string) *campaign {
	t.Helper()
	w.l.Hangup()
	c := &campaign{w: w, ground: ground, canary: filepath.Join(t.TempDir(), "canary"), trap: newTrap(t), tap: newTap(t, w.l.AMI), recorder: recorder}
	if err := os.Mkdir(c.canary, 0o777); err != nil {
		t.Fatal(err)
	}
	c.files = tree(t, ground, w.l.Dir)
	c.p = newProgram(t, w.l, c.tap.listener.Addr().String(), recorder, database, logs)
	w.l.Dial("500", "7501", 120, "") // recorded by the dialplan as well
	w.await(t, "500 talks to 501", func() bool {
		for _, ch := range w.l.Channels() {
			if strings.Contains(ch.Name, "/500-") && ch.Bridge != "" {
				c.victim = ch
			}
		}
		return c.victim.Name != ""
	})
	c.tagged = w.l.Call("410", "411", 120, "")
	w.await(t, "both calls have said that they are bridged", func() bool {
		entered := map[string]bool{}
		for _, e := range w.heard(0) {
			entered[e.get("Event")+e.get("Uniqueid")] = true
		}
		return entered["BridgeEnter"+c.victim.UniqueID] && entered["BridgeEnter"+c.tagged.CallerUniqueID] && entered["BridgeEnter"+c.tagged.CalleeUniqueID]
	})
	return c
}

func (c *campaign) run(t *testing.T) {
	log, heard := c.w.offset(t), len(c.w.heard(0))
	begun := time.Now()
	c.must(t, "start", arg{"extenOrUniqueId", "500"}, arg{"tag", "the victim's"})
	c.must(t, "start", arg{"extenOrUniqueId", "410"}, arg{"tag", "plain"})
	before := c.w.state()

	values := hostile(c.canary)
	for i := range values {
		values[i] = strings.ReplaceAll(values[i], "127.0.0.1:1/", c.trap.address()+"/")
	}
	tags := c.calls(t, values)
	c.raw(t, values)
	c.documents(t)
	t.Logf("%d values, %d good tags, %.1f s", len(values), len(tags), time.Since(begun).Seconds())

	for _, d := range differences(before, c.w.state()) {
		t.Error(d)
	}
	for _, e := range strange(c.w.heard(heard), "MixMonitorStart", "MonitorStart") {
		t.Errorf("Asterisk tells of %s", e)
	}
	c.recordings(t)
	for _, extension := range []string{"410", "500"} {
		if a, err := c.ask(doors[0], "stop", true, arg{"extenOrUniqueId", extension}); err != nil || a.status != http.StatusOK {
			t.Errorf("the recording of %s cannot be stopped in the end: status %d, %.300s, %v", extension, a.status, a.body, err)
		}
	}
	lasted := time.Since(begun)
	c.spoke(t, log)
	c.w.l.Hangup()
	c.found(t, tags)
	c.untouched(t, lasted)
	c.left(t)
	c.logged(t)
}

// must is a call that is right, and must succeed.
func (c *campaign) must(t *testing.T, method string, args ...arg) answer {
	t.Helper()
	a, err := c.ask(doors[0], method, true, args...)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%s %q: status %d, %.300s, %v", method, args, a.status, a.body, err)
	}
	return a
}

func (c *campaign) ask(d door, method string, key bool, args ...arg) (answer, error) {
	r, err := d.request(c.p.base, method, args)
	if err != nil {
		return answer{}, err
	}
	return ask(c.p.client, r, key)
}

// calls sends every value as every argument of every method by every door, and
// returns the tags that were taken.
func (c *campaign) calls(t *testing.T, values []string) []string {
	type order struct {
		d     door
		value string
	}
	orders := make(chan order)
	var mu sync.Mutex // guards tags
	tags := map[string]bool{}
	var wg sync.WaitGroup
	for range attackers {
		wg.Go(func() {
			for o := range orders {
				tag, isGood := o.d.arrives(o.value)
				a, err := c.ask(o.d, "start", true, arg{"extenOrUniqueId", "410"}, arg{"tag", o.value})
				switch {
				case err != nil:
				case !isGood:
					err = o.d.refused(a)
				case a.status != http.StatusOK:
					err = fmt.Errorf("a good tag is refused with %d: %.300s", a.status, a.body)
				default:
					err = a.sound()
					mu.Lock()
					tags[tag] = true
					mu.Unlock()
				}
				if err != nil {
					c.fault(t, "%s, tag %.200q: %v", o.d.name, o.value, err)
				}
				c.refusals(t, o.d, o.value)
			}
		})
	}
	for _, value := range values {
		for _, d := range doors {
			orders <- order{d, value}
		}
	}
	close(orders)
	wg.Wait()
	var all []string
	for tag := range tags {
		all = append(all, tag)
	}
	slices.Sort(all)
	return all
}

// refusals sends a value in every place where it can only be refused. What is
// asked for is the worst: an end of the victim's recording, or its sound.
func (c *campaign) refusals(t *testing.T, d door, value string) {
	victim, user := arg{"extenOrUniqueId", "500"}, arg{"username", "fred"}
	for _, call := range []struct {
		method string
		key    bool
		args   []arg
	}{
		{"start", true, []arg{{"extenOrUniqueId", value}, {"tag", "none"}}},
		{"start", true, []arg{{"extenOrUniqueId", "410"}, {"tag", "none"}, {"pbx", value}}},
		{"stop", true, []arg{{"extenOrUniqueId", value}}},
		{"stop", true, []arg{victim, {"pbx", value}}},
		{"stop", false, []arg{victim, {"apiKey", value}}},
		{value, true, []arg{victim}},
		{"retrieve", true, []arg{{"tag", value}, user}},
		{"retrieve", true, []arg{{"tag", "the victim's"}, {"username", value}}},
		{"retrieveByUniqueId", true, []arg{{"uniqueId", value}, user}},
		{"retrieveByUniqueId", true, []arg{{"uniqueId", c.victim.UniqueID}, {"username", value}}},
		{"retrieve", true, []arg{{"tag", "the victim's"}, user, {"format", value}}},
	} {
		a, err := c.ask(d, call.method, call.key, call.args...)
		if err == nil {
			err = d.refused(a)
		}
		if err != nil {
			c.fault(t, "%s, %.30q %.200q: %v: %.300s", d.name, call.method, call.args, err, a.body)
		}
	}
	if d.soap {
		return // a message is asked for in its own form, whatever format says
	}
	a, err := c.ask(d, "stop", true, victim, arg{"format", value})
	if err == nil {
		err = d.refused(a)
	}
	if err != nil {
		c.fault(t, "%s, stop with the format %.200q: %v", d.name, value, err)
	}
}

// fault is t.Errorf for what may go wrong a thousand times: of each kind, the
// first ten are told.
func (c *campaign) fault(t *testing.T, format string, args ...any) {
	t.Helper()
	n, _ := c.faults.LoadOrStore(format, new(atomic.Int64))
	if n.(*atomic.Int64).Add(1) <= 10 {
		t.Errorf(format, args...)
	}
}

// documents sends the messages that no program sends.
func (c *campaign) documents(t *testing.T) {
	for _, doc := range documents("http://"+c.trap.address()+"/x", c.canary) {
		r, err := doc.request(c.p.base)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ask(c.p.client, r, true)
		if err == nil {
			err = a.sound()
		}
		if err != nil || a.status < 400 {
			t.Errorf("%s: status %d, %v: %.300s", doc.name, a.status, err, a.body)
		}
	}
	if n := c.trap.visits(); n > 0 {
		t.Errorf("something was fetched from where a caller said, %d times", n)
	}
}

// recordings asks Asterisk what records on the two channels.
func (c *campaign) recordings(t *testing.T) {
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

// spoke judges what recgate said, by the bytes and by Asterisk's own log, and
// compares the two.
func (c *campaign) spoke(t *testing.T, from int64) {
	j := judge{spool: c.w.l.Spool, uniqueIDs: c.w.uniqueIDs()}
	log := c.w.text(t, from) // before the bytes are looked at: keepalives go on
	onWire := map[string]int{}
	for _, said := range c.tap.heard() {
		actions, rest := spoken(said)
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
				c.fault(t, "recgate asked Asterisk for %s", b)
			}
		}
	}
	if strings.Contains(log, mark) {
		at := strings.Index(log, mark)
		t.Errorf("Asterisk read a hostile value: %q", log[max(0, at-300):min(len(log), at+300)])
	}
	read := map[string]int{}
	for _, a := range asked(log) {
		read[a.get("Action")]++
		for _, b := range j.breaches(a) {
			c.fault(t, "Asterisk read %s", b)
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
	for name := range ran(log) {
		if _, lawful := law[name]; !lawful && name != "Hangup" && name != "Originate" {
			t.Errorf("Asterisk ran the action %q", name)
		}
	}
}

// found retrieves by every tag that was taken: each finds the recording,
// exactly as it was sent, and nothing that is nearly the same does.
func (c *campaign) found(t *testing.T, tags []string) {
	if len(tags) < 100 {
		t.Errorf("only %d tags were taken", len(tags))
	}
	user := arg{"username", "fred"}
	c.w.await(t, "the recording is there", func() bool {
		a, err := c.ask(doors[0], "retrieve", true, arg{"tag", "plain"}, user)
		return err == nil && a.status == http.StatusOK
	})
	want := string(c.must(t, "retrieve", arg{"tag", "plain"}, user).body)
	orders := make(chan string)
	var wg sync.WaitGroup
	for range attackers {
		wg.Go(func() {
			for tag := range orders {
				c.finds(t, tag, tags, want)
			}
		})
	}
	for _, tag := range tags {
		orders <- tag
	}
	close(orders)
	wg.Wait()
}

// finds retrieves by one tag, and by what is nearly the same.
func (c *campaign) finds(t *testing.T, tag string, tags []string, want string) {
	user := arg{"username", "fred"}
	for _, d := range []door{doors[0], doors[3]} {
		if _, arrives := d.arrives(tag); !arrives {
			continue
		}
		a, err := c.ask(d, "retrieve", true, arg{"tag", tag}, user)
		if err != nil || a.status != http.StatusOK || !strings.Contains(string(a.body), want) {
			c.fault(t, "%s: the tag %q is not found: %d %.200s %v", d.name, tag, a.status, a.body, err)
		}
	}
	for _, near := range []string{tag + "x", "x" + tag, strings.ToLower(tag), tag[1:], tag + "\u0301", tag + "%"} {
		if slices.Contains(tags, strings.Trim(near, " ")) {
			continue
		}
		if a, err := c.ask(doors[0], "retrieve", true, arg{"tag", near}, user); err != nil || a.status == http.StatusOK {
			c.fault(t, "the tag %q, which nobody gave, is answered with %d, %v", near, a.status, err)
		}
	}
}

// untouched checks that the victim was recorded all the time, by us and by
// the dialplan, and that there are no more recordings than were asked for.
func (c *campaign) untouched(t *testing.T, lasted time.Duration) {
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
	for name, wav := range map[string][]byte{"recgate": ours, "the dialplan": theirs} {
		if sound := time.Duration(len(wav)-44) * time.Second / 16000; sound < lasted-2*time.Second {
			t.Errorf("%s has %v of the victim, of %v", name, sound, lasted)
		}
	}
	told := c.p.command(t, "explain", c.id)
	if !strings.Contains(told, mark) || strings.ContainsFunc(told, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) {
		t.Errorf("recgate explain tells %q", told)
	}
	if ledger := c.p.command(t, "ledger"); !regexp.MustCompile(`(?m)^ready +2\b`).MatchString(ledger) || strings.Contains(ledger, mark) {
		t.Errorf("the ledger is not of two recordings:\n%s", ledger)
	}
}

// left looks for what was left behind: files of commands, files outside of the
// spool, and files in it that are not called as recgate calls them.
func (c *campaign) left(t *testing.T) {
	for path := range tree(t, c.canary) {
		if path != c.canary {
			t.Errorf("a command ran: %s", path)
		}
	}
	expected := regexp.MustCompile(`^(` + regexp.QuoteMeta(c.w.l.Spool) + `(/[0-9a-f]{32}(-in|-out)?\.wav)?|` +
		regexp.QuoteMeta(c.w.l.Monitor) + `/dialplan(/[0-9.]+\.wav)?|` + regexp.QuoteMeta(c.w.l.Dir) + `/(pbx|phones)/(log|lib|spool)/(cdr-csv|astdb|cdr-custom|redteam|messages|stdout)[^/]*(/[^/]*\.csv)?)$`)
	for _, path := range added(c.files, tree(t, c.ground, c.w.l.Dir), expected) {
		t.Errorf("a file that nobody asked for: %s", path)
	}
	own := regexp.MustCompile(`^(recgate\.(yaml|db|db-wal|db-shm|db-lock)|log|archive(/\.incoming)?(/[0-9a-f]{6})?(/[0-9a-f]{32}(-[a-z]+)?\.wav)?)?$`)
	for path := range tree(t, c.p.dir) {
		if rel := strings.TrimPrefix(strings.TrimPrefix(path, c.p.dir), "/"); !own.MatchString(rel) {
			t.Errorf("a file of recgate's that is not its own: %s", rel)
		}
	}
	for _, pattern := range []string{"/*" + mark + "*", os.TempDir() + "/*" + mark + "*", "/etc/*" + mark + "*", "*" + mark + "*"} {
		if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
			t.Errorf("files by a hostile name: %v, %v", found, err)
		}
	}
}
