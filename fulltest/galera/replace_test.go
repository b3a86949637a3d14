//go:build full && former

package galera

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/lab"
	"recgate/recording"
	"recgate/store"
)

// formerProgram names recgate of a former version by its whole path, built as
// it is delivered.
const formerProgram = "FORMER"

// TestReplace replaces two gateways of a former version by this one, one after
// the other, as the page for operators says. Both versions record for a while,
// and the new one is killed meanwhile, so that each finishes what the other one
// began.
func TestReplace(t *testing.T) {
	former := os.Getenv(formerProgram)
	if former == "" {
		t.Fatalf("name an older recgate: %s=/path/of/an/older/recgate", formerProgram)
	}
	t.Logf("from %s to %s", versionOf(t, former), versionOf(t, program(t)))
	nodes := newCluster(t)
	pair, at := newPair(t, nodes)
	for _, g := range pair {
		g.Install(former)
		g.Begin(t)
	}
	for _, g := range pair {
		g.AwaitReady(t)
	}
	var db *store.DB
	beside := 0 // starts of the former one before the new one was there
	talks := makeCalls(t, at.lab, bases(pair), map[int]func(){
		20: func() { replace(t, pair[0]) },
		45: func() {
			pair[0].AwaitReady(t)
			db = openStore(t, nodes[0])
			beside = countStarts(t, pair[1])
		},
		65: func() { pair[0].Kill(t) }, // all that it has claimed falls to the former one
		80: func() { pair[0].Begin(t) },
		100: func() {
			runPageChecks(t, pair[0])
			tagAndStopAcross(t, at.lab, pair)
		},
		130: func() {
			wantSameAudio(t, pair, 60)
			wantSameLedgers(t, former, pair[1], db)
			both := [2]int{countStarts(t, pair[0]), countStarts(t, pair[1]) - beside}
			t.Logf("starts while both versions were there: new %d, former %d", both[0], both[1])
			if min(both[0], both[1]) == 0 {
				t.Error("one of the two did not record while both were there")
			}
			replace(t, pair[1])
		},
		160: func() { runPageChecks(t, pair[1]) },
	})
	awaitSettled(t, db, at.lab)
	wantOneEach(t, db, talks.all)
	wantAllAudio(t, bases(pair), talks.all)
	wantSameLedgers(t, former, pair[0], db)
	for _, g := range pair {
		wantNothingLeft(t, g, at)
	}
}

func versionOf(t *testing.T, binary string) string {
	t.Helper()
	out, err := child.Output(await.Patience, exec.Command(binary, "version")) //nolint:noctx // child ends it
	if err != nil {
		t.Fatalf("%s version: %v: %s", binary, err, out)
	}
	return strings.TrimSpace(out)
}

// replace does what the upgrade of the package does: the new program, and a
// restart.
func replace(t *testing.T, g *process.Process) {
	t.Helper()
	g.Stop(t)
	g.Install(program(t))
	g.Begin(t)
}

var startsMade = regexp.MustCompile(`(?m)^recgate_starts_total\{outcome="ok"\} (\d+)$`)

// countStarts is how many recordings a gateway has started since it began.
func countStarts(t *testing.T, g *process.Process) int {
	t.Helper()
	_, page := g.Fetch(t.Context(), "/metrics")
	m := startsMade.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the metrics do not say how many starts there were: %.200s", page)
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// tagAndStopAcross has each gateway tag and stop what the other one began.
func tagAndStopAcross(t *testing.T, l *lab.Lab, pair [2]*process.Process) {
	t.Helper()
	for i, g := range pair {
		other := pair[1-i]
		call := l.Call(fmt.Sprint(590+2*i), fmt.Sprint(591+2*i), 2*seconds, "pjsip")
		first, second := fmt.Sprintf("begun by %d", i), fmt.Sprintf("tagged by %d", 1-i)
		for _, do := range []struct {
			by   *process.Process
			args []string
		}{
			{g, []string{"start", "extenOrUniqueId", call.CallerUniqueID, "tag", first}},
			{other, []string{"start", "extenOrUniqueId", call.CallerUniqueID, "tag", second}},
			{other, []string{"stop", "extenOrUniqueId", call.CallerUniqueID}},
		} {
			status, body, _ := ask(t.Context(), [2]string{do.by.Base, do.by.Base}, 0, do.args[0], do.args[1:]...)
			if status != http.StatusOK {
				t.Errorf("%q: %d %.200s", do.args, status, body)
			}
		}
		for _, tag := range []string{first, second} {
			if status := awaitSameAnswer(t, pair, tag); status != http.StatusOK {
				t.Errorf("both gateways answer %d for %q", status, tag)
			}
		}
	}
}

// wantSameAudio has both gateways give the recordings of the first calls.
func wantSameAudio(t *testing.T, pair [2]*process.Process, n int) {
	t.Helper()
	given := map[int]int{}
	for i := range n {
		given[awaitSameAnswer(t, pair, (&talk{n: i}).tag())]++
	}
	t.Logf("both gateways answer alike for %d calls: %v", n, given)
	if given[http.StatusOK] < n-calls/20 { // a few starts may be refused, see wantAllAudio
		t.Errorf("only %d of %d calls have a recording", given[http.StatusOK], n)
	}
}

// awaitSameAnswer waits until both gateways answer alike for a tag, with a recording or
// that there is none, and returns the status.
func awaitSameAnswer(t *testing.T, pair [2]*process.Process, tag string) (status int) {
	t.Helper()
	await.Until(t, "both gateways to answer alike for "+tag, func() bool {
		var other int
		var sound [2]string
		status, sound[0] = pair[0].Ask(t.Context(), "retrieve", "tag", tag, "username", "fred")
		other, sound[1] = pair[1].Ask(t.Context(), "retrieve", "tag", tag, "username", "fred")
		return status == other && (status == http.StatusNotFound || status == http.StatusOK && sound[0] == sound[1])
	})
	return status
}

// wantSameLedgers demands that both versions can tell the story of a recording in each
// state for each reason, and that they add up the same once all is settled. g
// is where they read their configuration.
func wantSameLedgers(t *testing.T, former string, g *process.Process, db *store.DB) {
	t.Helper()
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	entries, err := db.Entries(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	seen, open := map[string]bool{}, 0
	for _, e := range entries {
		if !e.State.Final() {
			open++
		}
		if of := string(e.State) + ": " + e.Reason.String(); !seen[of] {
			seen[of] = true
			wantExplained(t, former, g, e)
			wantExplained(t, program(t), g, e)
		}
	}
	before, now := ledgerSums(t, former, g), ledgerSums(t, program(t), g)
	t.Logf("%d recordings, %d of them under way; the former version adds up %v, this one %v", len(entries), open, before, now)
	if diff := cmp.Diff(before, now); open == 0 && diff != "" {
		t.Errorf("the versions add up differently (-former +new):\n%s", diff)
	}
}

// wantExplained demands the story of a recording, which has not changed meanwhile
// if it was final.
func wantExplained(t *testing.T, binary string, g *process.Process, e recording.Entry) {
	t.Helper()
	said := runCommand(t, binary, g, "explain", string(e.ID))
	want := string(e.State) + ": " + e.Reason.String()
	if e.State.Final() && !strings.Contains(said, want) {
		t.Errorf("%s does not say %q of the recording, but %s", binary, want, said)
	}
}

var sumLine = regexp.MustCompile(`(?m)^([a-z]+) +(\d+) +(.*?)(?: \[[a-z_+]+\])?$`)

// ledgerSums are the recordings by state and reason, as the ledger of a version says.
func ledgerSums(t *testing.T, binary string, g *process.Process) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, m := range sumLine.FindAllStringSubmatch(runCommand(t, binary, g, "ledger"), -1) {
		if m[1] == "total" {
			continue
		}
		n, _ := strconv.Atoi(m[2])
		all[m[1]+": "+m[3]] += n
	}
	if len(all) == 0 {
		t.Errorf("the ledger of %s is empty", binary)
	}
	return all
}

// runCommand runs a command of one version on the configuration of a gateway.
func runCommand(t *testing.T, binary string, g *process.Process, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, append(args, "--config", g.Config())...) //nolint:noctx // child ends it
	out, err := child.Output(await.Patience, cmd)
	if err != nil {
		t.Errorf("%s %q: %v: %s", binary, args, err, out)
	}
	return out
}
