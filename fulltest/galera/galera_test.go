//go:build full

package galera

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/audio/audiotest"
	"recgate/fulltest/operations"
	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/lab"
	"recgate/recording"
	"recgate/recording/recordingtest"
	"recgate/store"
)

// TestCluster halts a gateway for a while and kills the other and a node during
// 200 calls, 20 and more of them at a time, after the store itself was tried on
// two nodes.
func TestCluster(t *testing.T) {
	nodes := newCluster(t)
	t.Run("the store on two nodes", func(t *testing.T) { testStores(t, nodes) })
	t.Run("two gateways", func(t *testing.T) { testGateways(t, nodes) })
}

func dsn(name string, nodes ...*node) string {
	var hosts []string
	for _, n := range nodes {
		hosts = append(hosts, loopback(n.port))
	}
	return "mysql://root@" + strings.Join(hosts, ",") + "/" + name
}

// testStores has two programs begin at once on an empty database, each by its own
// node, and holds them to the contract.
func testStores(t *testing.T, nodes [3]*node) {
	n := 0
	recordingtest.TestStores(t, func(t *testing.T) [2]recordingtest.DB {
		n++
		name := fmt.Sprintf("contract%d", n)
		createDatabase(t, nodes, name)
		type result struct {
			db  *store.DB
			err error
		}
		opened := make(chan result, 2)
		for i := range 2 {
			go func() {
				db, err := store.Open(t.Context(), dsn(name, nodes[i]), store.Options{Timeout: 20 * time.Second})
				if err == nil {
					_, err = db.Migrate(t.Context())
				}
				opened <- result{db, err}
			}()
		}
		var both [2]recordingtest.DB
		for i := range both {
			r := await.From(t, "a store to be opened by its node", opened)
			if r.db != nil {
				t.Cleanup(func() { _ = r.db.Close() })
			}
			if r.err != nil {
				t.Fatal(r.err)
			}
			both[i] = recordingtest.Of(r.db)
		}
		return both
	})
}

// createDatabase makes a database, and returns when every node knows it.
func createDatabase(t *testing.T, nodes [3]*node, name string) {
	t.Helper()
	db := nodes[0].admin(t)
	defer db.Close() //nolint:errcheck // only read
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			var there int
			err := n.ask(t, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '"+name+"'", &there)
			if there == 1 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s does not know the database: %v", n.name, err)
			}
		}
	}
}

const (
	calls   = 200
	atATime = 32
	seconds = 10 // of one call

	standstill = 15 * time.Second // a lease lasts for 12

	audible = time.Second // of sound that was promised: in less a tone cannot be measured
)

// newPair makes a telephone system and two gateways in front of it, which do
// not run yet. Each has its own node first, and the third one for when that is
// lost.
func newPair(t *testing.T, nodes [3]*node) (pair [2]*process.Process, at place) {
	t.Helper()
	createDatabase(t, nodes, "recgate")
	var phones []string
	for i := range 100 {
		phones = append(phones, fmt.Sprint(500+i))
	}
	at = place{
		lab:     lab.Start(t, 22, lab.Options{Punctual: true, Spool: filepath.Join(t.TempDir(), "spool"), Extensions: phones}),
		archive: filepath.Join(t.TempDir(), "archive"),
	}
	for i := range pair {
		pair[i] = newGateway(t, dsn("recgate", nodes[i], nodes[2]), at)
	}
	return pair, at
}

func testGateways(t *testing.T, nodes [3]*node) {
	pair, at := newPair(t, nodes)
	for _, g := range pair {
		g.Begin(t) // both at once: one of them makes the tables
	}
	for _, g := range pair {
		g.AwaitReady(t)
	}
	began, halted := time.Now(), time.Time{}
	talks := makeCalls(t, at.lab, bases(pair), map[int]func(){
		20: func() { // all that it has claimed falls to the other
			pair[1].Signal(t, syscall.SIGSTOP)
			halted = time.Now()
		},
		70: func() {
			time.Sleep(time.Until(halted.Add(standstill)))
			t.Logf("a gateway stood still for %v", time.Since(halted).Round(time.Second))
			pair[1].Signal(t, syscall.SIGCONT)
		},
		90:  func() { pair[0].Kill(t) },
		120: func() { pair[0].Begin(t) },
		150: func() { nodes[1].kill() },
	})
	t.Logf("%d calls in %v, at most %d at a time", calls, time.Since(began).Round(time.Second), talks.most)
	if talks.most < 20 {
		t.Errorf("at most %d calls at a time, want 20 or more", talks.most)
	}
	db := openStore(t, nodes[0])
	awaitSettled(t, db, at.lab)
	wantOneEach(t, db, talks.all)
	pair[1].Kill(t)
	front := newBalancer(t, bases(pair))
	wantAllAudio(t, [2]string{front, front}, talks.all) // every second one meets the dead gateway first
	wantNothingLeft(t, pair[0], at)
}

// bases are where two gateways listen.
func bases(pair [2]*process.Process) [2]string { return [2]string{pair[0].Base, pair[1].Base} }

// openStore opens the database of the gateways by one node.
func openStore(t *testing.T, n *node) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn("recgate", n), store.Options{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing was written
	return db
}

// awaitSettled waits until nothing is under way.
func awaitSettled(t *testing.T, db *store.DB, l *lab.Lab) {
	t.Helper()
	began := time.Now()
	for {
		open, err := db.Open(t.Context(), "pbx1")
		if err == nil && len(open) == 0 {
			t.Logf("all is settled %v after the last hangup", time.Since(began).Round(100*time.Millisecond))
			return
		}
		if time.Since(began) > 30*time.Second {
			for _, rec := range open[:min(5, len(open))] {
				t.Logf("%s is %s: %s; ended at %v", rec.ID, rec.State, rec.Reason, rec.ChannelEndedAt)
			}
			t.Fatalf("%d recordings are not settled after 30 s, %v; channels %v", len(open), err, l.Channels())
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// wantOneEach demands one recording with sound for each call that was told to be
// recorded, and a reason for every other row.
func wantOneEach(t *testing.T, db *store.DB, talks []*talk) {
	t.Helper()
	for _, c := range talks {
		rows, err := db.ByUniqueID(t.Context(), c.uniqueID, 10)
		if err != nil {
			t.Fatal(err)
		}
		ready := 0
		var all []string
		for _, rec := range rows {
			if rec.State == recording.Ready {
				ready++
			}
			if rec.State != recording.Ready && rec.State != recording.Failed {
				t.Errorf("call %d: a recording is %s: %s", c.n, rec.State, rec.Reason)
			}
			all = append(all, fmt.Sprintf("%s %s (%s)", rec.ID, rec.State, rec.Reason))
		}
		// A start goes on when its caller got no answer, and left; also when that
		// caller asked the other gateway meanwhile, and had it stop.
		late := c.status == 0 && ready == 1 || c.mayHaveRestarted() && ready == 2
		if want := countOf(c.isRecorded()); ready != want && !late {
			t.Errorf("call %d, start answered %d: %d recordings with sound, want %d: %s", c.n, c.status, ready, want, all)
		}
	}
	sums, err := db.Sums(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	t.Logf("ledger: %v, %v", sums, err)
}

func countOf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// wantAllAudio fetches every recording and listens to it.
func wantAllAudio(t *testing.T, pair [2]string, talks []*talk) {
	t.Helper()
	refused := 0
	for _, c := range talks {
		if !c.isRecorded() {
			refused++
			t.Logf("call %d was not recorded, and its caller was told: %d %.200s", c.n, c.status, c.body)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		status, body, _ := ask(ctx, pair, c.n, "retrieve", "tag", c.tag(), "username", "fred")
		cancel()
		sound, err := decodeWAV(body)
		if status != http.StatusOK || err != nil {
			t.Errorf("call %d: retrieve: %d, %v, %.200s", c.n, status, err, body)
			continue
		}
		for _, hz := range c.tones() {
			if c.ended.Sub(c.told) < audible {
				break // a start that waited for one of the killed gateway, and was stopped at once
			}
			if share, err := audiotest.Share(sound, 0, hz); err != nil || share < 20 {
				t.Errorf("call %d: the tone of %v Hz has %.0f %% of the sound, %v", c.n, hz, share, err)
			}
		}
		// On a busy machine the telephones send less than they should.
		lasted := time.Duration(len(sound)-44) * time.Second / 16000
		if !c.mayHaveRestarted() && (lasted < c.ended.Sub(c.told)-2*time.Second || lasted > c.ended.Sub(c.asked)+2*time.Second) {
			t.Errorf("call %d: %v of sound, want %v (up to %v)", c.n, lasted, c.ended.Sub(c.told), c.ended.Sub(c.asked))
		}
	}
	if refused > calls/20 {
		t.Errorf("%d starts were refused, although one gateway and two nodes were up all the time", refused)
	}
}

// wantNothingLeft does what the page for operators does with a gateway that was replaced:
// the ledger must add up. No file may be left either.
func wantNothingLeft(t *testing.T, g *process.Process, at place) {
	t.Helper()
	runPageChecks(t, g)
	if left, err := os.ReadDir(at.lab.Spool); err != nil || len(left) > 0 {
		t.Errorf("%d files left in the spool, %v", len(left), err)
	}
}

// runPageChecks runs the lines of the page for operators on a gateway that was
// replaced.
func runPageChecks(t *testing.T, g *process.Process) {
	t.Helper()
	lines := strings.NewReplacer("127.0.0.1:8080", strings.TrimPrefix(g.Base, "http://"), "/etc/recgate/recgate.yaml", g.Config()).
		Replace(operations.Block(t, "gateway-replaced"))
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", lines) //nolint:noctx // child ends it
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"))
	out, err := child.Output(await.Patience, cmd)
	t.Logf("%s: %v\n%s", lines, err, out)
	if err != nil {
		t.Error("the gateway is not ready, or the ledger does not add up")
	}
}
