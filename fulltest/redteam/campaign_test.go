//go:build full

package redteam_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"recgate/fulltest/mariadbd"
	"recgate/internal/await"
	"recgate/lab"
)

// attackers is how many requests are under way at a time.
const attackers = 32

// longestAttack is how long all values of one kind may take on a busy machine.
const longestAttack = 10 * time.Minute

// TestRedTeam attacks recgate by every door with every value, in front of each
// Asterisk, with each recorder, on both databases.
func TestRedTeam(t *testing.T) {
	for _, version := range lab.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			// The spool is deep, so that what climbs out of it is still below where we look.
			ground := t.TempDir()
			l := lab.Start(t, version, lab.Options{Punctual: true, Spool: filepath.Join(ground, "a", "b", "spool")})
			w := newWitness(t, l)
			t.Run("MixMonitor, SQLite", func(t *testing.T) { newCampaign(t, w, ground, "mixmonitor", "", "json").run(t) })
			t.Run("MixMonitor, MariaDB", func(t *testing.T) {
				newCampaign(t, w, ground, "mixmonitor", mariadbd.Start(t).DSN(t), "text").run(t)
			})
			if lab.HasMonitor(version) {
				t.Run("Monitor, SQLite", func(t *testing.T) { newCampaign(t, w, ground, "monitor", "", "text").run(t) })
			}
			t.Run("what is forbidden would be seen", func(t *testing.T) { checkTripwires(t, w, ground) })
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
	c.files = listFiles(t, ground, w.l.Dir)
	c.p = newProgram(t, w.l, c.tap.Address(), recorder, database, logs)
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
		for _, e := range w.eventsFrom(0) {
			entered[e.get("Event")+e.get("Uniqueid")] = true
		}
		return entered["BridgeEnter"+c.victim.UniqueID] && entered["BridgeEnter"+c.tagged.CallerUniqueID] && entered["BridgeEnter"+c.tagged.CalleeUniqueID]
	})
	return c
}

func (c *campaign) run(t *testing.T) {
	log, heard := c.w.logLength(t), len(c.w.eventsFrom(0))
	begun := time.Now()
	c.askOK(t, "start", arg{"extenOrUniqueId", "500"}, arg{"tag", "the victim's"})
	c.askOK(t, "start", arg{"extenOrUniqueId", "410"}, arg{"tag", "plain"})
	before := c.w.state()

	values := hostile(c.canary)
	for i := range values {
		values[i] = strings.ReplaceAll(values[i], "127.0.0.1:1/", c.trap.address()+"/")
	}
	tags := c.attackArguments(t, values)
	c.attackRaw(t, values)
	c.attackDocuments(t)
	t.Logf("%d values, %d good tags, %.1f s", len(values), len(tags), time.Since(begun).Seconds())

	for _, d := range differences(before, c.w.state()) {
		t.Error(d)
	}
	for _, e := range unexpectedEvents(c.w.eventsFrom(heard), "MixMonitorStart", "MonitorStart") {
		t.Errorf("Asterisk tells of %s", e)
	}
	c.checkRecordings(t)
	for _, extension := range []string{"410", "500"} {
		if a, err := c.ask(doors[0], "stop", true, arg{"extenOrUniqueId", extension}); err != nil || a.status != http.StatusOK {
			t.Errorf("the recording of %s cannot be stopped in the end: status %d, %.300s, %v", extension, a.status, a.body, err)
		}
	}
	lasted := time.Since(begun)
	c.checkActions(t, log)
	c.w.l.Hangup()
	c.retrieveTags(t, tags)
	c.checkVictim(t, lasted)
	c.attackCallerIDs(t)
	c.checkLeftovers(t)
	c.checkLog(t)
}

// askOK is a call that is right, and must succeed.
func (c *campaign) askOK(t *testing.T, method string, args ...arg) answer {
	t.Helper()
	a, err := c.ask(doors[0], method, true, args...)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%s %q: status %d, %.300s, %v", method, args, a.status, a.body, err)
	}
	return a
}

func (c *campaign) ask(d door, method string, key bool, args ...arg) (answer, error) {
	r, err := d.request(c.p.Base, method, args)
	if err != nil {
		return answer{}, err
	}
	return ask(c.p.client, r, key)
}

// attackArguments sends every value as every argument of every method by every door, and
// returns the tags that were taken.
func (c *campaign) attackArguments(t *testing.T, values []string) []string {
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
				tag, isGood := o.d.asReceived(o.value)
				a, err := c.ask(o.d, "start", true, arg{"extenOrUniqueId", "410"}, arg{"tag", o.value})
				switch {
				case err != nil:
				case !isGood:
					err = o.d.checkRefused(a)
				case a.status != http.StatusOK:
					err = fmt.Errorf("a good tag is refused with %d: %.300s", a.status, a.body)
				default:
					err = a.checkSound()
					mu.Lock()
					tags[tag] = true
					mu.Unlock()
				}
				if err != nil {
					c.addFault(t, "%s, tag %.200q: %v", o.d.name, o.value, err)
				}
				c.attackRefused(t, o.d, o.value)
			}
		})
	}
	for _, value := range values {
		for _, d := range doors {
			orders <- order{d, value}
		}
	}
	close(orders)
	await.ReturnWithin(t, longestAttack, "the attackers to be done", wg.Wait)
	var all []string
	for tag := range tags {
		all = append(all, tag)
	}
	slices.Sort(all)
	return all
}

// attackRefused sends a value in every place where it can only be refused. What is
// asked for is the worst: an end of the victim's recording, or its sound.
func (c *campaign) attackRefused(t *testing.T, d door, value string) {
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
			err = d.checkRefused(a)
		}
		if err != nil {
			c.addFault(t, "%s, %.30q %.200q: %v: %.300s", d.name, call.method, call.args, err, a.body)
		}
	}
	if d.soap {
		return // a message is asked for in its own form, whatever format says
	}
	a, err := c.ask(d, "stop", true, victim, arg{"format", value})
	if err == nil {
		err = d.checkRefused(a)
	}
	if err != nil {
		c.addFault(t, "%s, stop with the format %.200q: %v", d.name, value, err)
	}
}

// addFault is t.Errorf for what may go wrong a thousand times: of each kind, the
// first ten are told.
func (c *campaign) addFault(t *testing.T, format string, args ...any) {
	t.Helper()
	n, _ := c.faults.LoadOrStore(format, new(atomic.Int64))
	if n.(*atomic.Int64).Add(1) <= 10 {
		t.Errorf(format, args...)
	}
}

// attackDocuments sends the messages that no program sends.
func (c *campaign) attackDocuments(t *testing.T) {
	for _, doc := range documents("http://"+c.trap.address()+"/x", c.canary) {
		r, err := doc.request(c.p.Base)
		if err != nil {
			t.Fatal(err)
		}
		a, err := ask(c.p.client, r, true)
		if err == nil {
			err = a.checkSound()
		}
		if err != nil || a.status < 400 {
			t.Errorf("%s: status %d, %v: %.300s", doc.name, a.status, err, a.body)
		}
	}
	if n := c.trap.visits(); n > 0 {
		t.Errorf("something was fetched from where a caller said, %d times", n)
	}
}
