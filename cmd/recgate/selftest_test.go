package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recgate/config"
	"recgate/proof"
	"recgate/recording"
)

const testPlace, testContext = "tone", "recgate-test"

// TestSelfTest: a test call that is not to be had turns /readyz and the
// metric red and is told in the log; once it can be made all is well again,
// and its recording is one like others, with its mark.
func TestSelfTest(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, func(c *config.Config) {
		c.SelfTest = 10 * time.Second
		c.PBX[0].Username, c.PBX[0].Secret = "tester", "tester-secret"
		c.Legacy.Allow, c.Legacy.APIKeys = nil, []config.Secret{"of-callers"} // which the test does not need
	})
	red := `away self-test pbx1: the test call failed: the PBX "pbx1" made no test call: is "tone@recgate-test" in its dialplan`
	await(t, "readyz to be red", func() bool {
		got := o.send(t, http.MethodGet, "/readyz", "", nil)
		return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, red)
	})
	o.wantMetric(t, `recgate_self_test_passed{pbx="pbx1"} 0`)
	if !strings.Contains(o.journal.String(), `"msg":"self-test failed","pbx":"pbx1"`) {
		t.Errorf("the log does not tell:\n%s", o.journal.String())
	}
	o.sim.AddTone(testPlace, testContext, 1000)
	await(t, "readyz to be green", func() bool { return o.send(t, http.MethodGet, "/readyz", "", nil).status == http.StatusOK })
	o.wantMetric(t, `recgate_self_test_passed{pbx="pbx1"} 1`)
	sums := o.sums(t)
	if len(sums) != 1 || sums[0].State != recording.Ready {
		t.Errorf("the ledger says %v", sums)
	}
	all, err := o.db.Open(t.Context(), "pbx1")
	if err != nil || len(all) > 0 || len(o.sim.Channels()) > 0 || len(o.spool(t)) > 0 {
		t.Errorf("left: %v, %v, channels %v, spool %q", all, err, o.sim.Channels(), o.spool(t))
	}
}

func (o *office) wantMetric(t *testing.T, line string) {
	t.Helper()
	if got := o.send(t, http.MethodGet, "/metrics", "", nil); !strings.Contains(got.body, line+"\n") {
		t.Errorf("the metrics lack %s", line)
	}
}

// TestCheckRecord runs the test call of check, by itself and in front of a
// recgate that serves, and lets each step fail that can be set wrong.
func TestCheckRecord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, user string
		version    int
		hertz      float64 // of the test call; below 0: there is none
		call       string
		step, says string // of what fails; empty: all is well
	}{
		{name: "sound", user: "tester", version: 22, hertz: 1000},
		{name: "sound on 16", user: "tester", version: 16, hertz: 1000},
		{name: "no right", user: "recorder", version: 22, hertz: 1000, step: proof.StepCall, says: `may not use Originate, which test calls need: add "originate" to its write line`},
		{name: "no extension", user: "tester", version: 22, hertz: -1, step: proof.StepCall, says: "The lines for it are in docs/asterisk.md"},
		{name: "another tone", user: "tester", version: 22, hertz: 700, step: proof.StepSound, says: "only 0 % of what came back is the 1000 Hz tone"},
		{name: "silence", user: "tester", version: 22, hertz: 0, step: proof.StepSound, says: "only 0 % of what came back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCheckSetup(t, tt.version)
			c.username, c.secret = tt.user, tt.user+"-secret"
			if tt.hertz >= 0 {
				c.sim.AddTone(testPlace, testContext, tt.hertz)
			}
			got := c.runWith(t, "--record")
			if tt.step == "" {
				wantSteps(t, got, "ok      pbx pbx1: test sound", " of it the tone of 1000 Hz")
				if got.code != 0 {
					t.Errorf("code %d", got.code)
				}
			} else if wantSteps(t, got, "FAILED  pbx pbx1: "+tt.step+" ", tt.says); got.code != 1 || strings.Count(got.stdout, "FAILED") != 1 {
				t.Errorf("code %d:\n%s", got.code, got.stdout)
			}
			if left := c.sim.Channels(); len(left) > 0 {
				t.Errorf("channels are left: %v", left)
			}
		})
	}
}

// wantSteps demands a line of the check with a beginning and a part.
func wantSteps(t *testing.T, got result, begins, part string) {
	t.Helper()
	for line := range strings.Lines(got.stdout) {
		if strings.HasPrefix(line, begins) && strings.Contains(line, part) {
			return
		}
	}
	t.Errorf("there is no line %q with %q:\n%s%s", begins, part, got.stdout, got.stderr)
}

// TestCheckRecordOfARunningOne: the recgate that runs is the one that
// records, and its access control is passed as by any caller.
func TestCheckRecordOfARunningOne(t *testing.T) {
	t.Parallel()
	const key = "key-of-a-caller"
	o := newOffice(t, 22, func(c *config.Config) { c.Legacy.APIKeys = []config.Secret{key} })
	o.sim.AddTone(testPlace, testContext, 1000)
	c := newCheckSetup(t, 22)
	c.listen, c.address, c.spool, c.mount = strings.TrimPrefix(o.base, "http://"), o.sim.Addr(), o.cfg.PBX[0].Spool, o.cfg.PBX[0].Mount
	c.username, c.secret = "tester", "tester-secret"
	wantSteps(t, c.runWith(t, "--record"), "FAILED  pbx pbx1: test start ", "; name a file with a key: recgate check --key-file FILE")
	file := filepath.Join(c.dir, "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, c.runWith(t, "--record", "--key-file", file), "ok      pbx pbx1: test sound", " of it the tone of 1000 Hz")
	c.more = "legacy: {api_keys: [" + key + "]}\n"
	got := c.runWith(t, "--record")
	wantSteps(t, got, "ok      pbx pbx1: test sound", " of it the tone of 1000 Hz")
	if sums := o.sums(t); got.code != 0 || len(sums) != 1 || sums[0].State != recording.Ready || sums[0].Count != 2 {
		t.Errorf("code %d, the ledger of the one that runs says %v", got.code, sums)
	}
	if _, err := os.Stat(filepath.Join(c.dir, "recgate.db")); err == nil {
		t.Error("the check made a database of its own")
	}
}
