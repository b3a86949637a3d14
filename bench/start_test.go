//go:build full

package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"recgate/ami"
	"recgate/lab"
	"recgate/recording"
)

// Calls of this many pairs of telephones are up at once, and every one is
// recorded once by each gateway; then all hang up and others take their place.
const (
	pairs   = 2
	warming = 30 // batches that are not counted: the log of SQLite has then its size, and grows no more
	batches = 75
)

// BenchmarkStart measures in turn, on a real Asterisk with bridged calls: the
// action MixMonitor over a connection of our own (ami) and the wait until its
// file is there (file); a start over GET as recgate does by default (whole),
// and by a second gateway that does not wait for the file (unverified). added
// is what each costs above the AMI round trip of the same round. Of that, sync
// is what the disk takes for one commit, of which a start needs two, and http
// is a GET of the same program that does nothing.
func BenchmarkStart(b *testing.B) {
	for _, version := range lab.Versions() {
		b.Run(strconv.Itoa(version), func(b *testing.B) {
			x := newExchange(b, version)
			whole, unverified := x.gateway("1s"), x.gateway("0s")
			var s starts
			for range warming {
				x.batch(func(c lab.Call) { x.start(whole, c); x.start(unverified, c) })
			}
			for b.Loop() {
				for range batches {
					x.batch(func(c lab.Call) { s.round(x, c, whole, unverified) })
				}
			}
			dropTimePerOp(b)
			s.report(b)
		})
	}
}

// starts are the samples of BenchmarkStart.
type starts struct {
	ami, file, whole, unverified, wholeAdded, unverifiedAdded, sync, http samples
}

func (s *starts) round(x *exchange, c lab.Call, whole, unverified gateway) {
	answered, seen := x.mixMonitor(c)
	gateways := [2]gateway{whole, unverified}
	var took [2]time.Duration
	for i := range gateways { // whoever is first meets the colder machine: take turns
		i = (i + len(s.ami)) % 2
		took[i] = x.start(gateways[i], c)
	}
	one, other := took[0], took[1]
	s.ami.addTime(answered)
	s.file.addTime(seen)
	s.whole.addTime(one)
	s.unverified.addTime(other)
	s.wholeAdded.addTime(one - answered)
	s.unverifiedAdded.addTime(other - answered)
	s.sync.addTime(x.sync())
	begun := time.Now()
	x.get(whole.base + "/healthz")
	s.http.addTime(time.Since(begun))
}

func (s *starts) report(b *testing.B) {
	b.Helper()
	s.ami.report(b, "ami", "ms")
	s.file.report(b, "file", "ms")
	s.whole.report(b, "whole", "ms")
	s.unverified.report(b, "unverified", "ms")
	s.wholeAdded.report(b, "whole-added", "ms")
	s.unverifiedAdded.report(b, "unverified-added", "ms")
	s.sync.report(b, "sync", "ms")
	s.http.report(b, "http", "ms")
}

// exchange is an Asterisk and our own connection to it.
type exchange struct {
	b       *testing.B
	lab     *lab.Lab
	client  *ami.Client
	count   int
	numbers sync.Mutex // guards count where several clients draw from it
	syncs   int
	disk    *os.File // of syncBytes, written over and over
}

func newExchange(b *testing.B, version int) *exchange {
	b.Helper()
	l := lab.Start(b, version, lab.Options{Spool: filepath.Join(b.TempDir(), "spool")})
	x := &exchange{b: b, lab: l, client: ami.New(ami.Options{Address: l.AMI, Username: "recorder", Secret: l.Secret("recorder")})}
	var err error
	if x.disk, err = os.Create(filepath.Join(b.TempDir(), "sync")); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.disk.Close() })
	x.sync()
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := x.client.Run(ctx, func(ami.Signal) {}); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() { cancel(); wg.Wait() })
	await(b, "the AMI login", func() bool { up, _ := x.client.State(); return up })
	return x
}

// batch makes the calls, has each one measured, and waits until they are
// gone and their recordings have left the spool: nothing is at work then.
func (x *exchange) batch(round func(lab.Call)) {
	x.b.Helper()
	var calls []lab.Call
	for n := range pairs {
		calls = append(calls, x.lab.Call(strconv.Itoa(430+2*n), strconv.Itoa(431+2*n), 600, "pjsip"))
	}
	for _, c := range calls {
		round(c)
	}
	x.lab.Hangup()
	await(x.b, "the spool to be empty", func() bool {
		left, err := os.ReadDir(x.lab.Spool)
		return err == nil && len(left) == 0
	})
}

func (x *exchange) gateway(verifyStart string) gateway {
	x.b.Helper()
	return serve(x.b, x.b.TempDir(), fmt.Sprintf("    address: %s\n    username: recorder\n    secret: %s\n    spool: %s\n    verify_start: %s\n",
		x.lab.AMI, x.lab.Secret("recorder"), x.lab.Spool, verifyStart))
}

// mixMonitor does the action that a start does, and ends it again. It returns
// how long the answer took, and how long after it the file was not there.
func (x *exchange) mixMonitor(c lab.Call) (answered, seen time.Duration) {
	x.b.Helper()
	x.count++
	file := filepath.Join(x.lab.Spool, recording.MixedFile(recording.ID(fmt.Sprintf("00000000-0000-7000-8000-%012x", x.count))))
	begun := time.Now()
	answer, err := x.client.Do(x.b.Context(), ami.NewAction("MixMonitor", "Channel", c.CallerUniqueID, "File", file, "Options", "i(RECGATE_BENCH)"))
	answered = time.Since(begun)
	if err != nil {
		x.b.Fatal(err)
	}
	for _, err = os.Stat(file); err != nil; _, err = os.Stat(file) {
		if seen = time.Since(begun) - answered; seen > 5*time.Second {
			x.b.Fatal(err)
		}
	}
	if _, err := x.client.Do(x.b.Context(), ami.NewAction("StopMixMonitor", "Channel", c.CallerUniqueID, "MixMonitorID", answer.Get("MixMonitorID"))); err != nil {
		x.b.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		x.b.Fatal(err)
	}
	return answered, seen
}

// start starts a recording over GET and returns how long the answer took.
func (x *exchange) start(g gateway, c lab.Call) time.Duration {
	x.b.Helper()
	begun := time.Now()
	x.get(g.url("start", "extenOrUniqueId", recording.Extension(c.CallerChannel), "tag", "bench "+c.CallerUniqueID))
	return time.Since(begun)
}

// syncBytes is about what a commit of a start writes.
const syncBytes = 32 << 10

// sync writes over a file that has its size already, and returns how long the
// disk took to say that it has it.
func (x *exchange) sync() time.Duration {
	x.b.Helper()
	x.syncs++
	page := bytes.Repeat([]byte{byte(x.syncs)}, syncBytes)
	begun := time.Now()
	_, err := x.disk.WriteAt(page, 0)
	if err == nil {
		err = x.disk.Sync()
	}
	if err != nil {
		x.b.Fatal(err)
	}
	return time.Since(begun)
}

func (x *exchange) get(url string) {
	x.b.Helper()
	r, err := http.NewRequestWithContext(x.b.Context(), http.MethodGet, url, nil)
	if err != nil {
		x.b.Fatal(err)
	}
	answer, err := patient.Do(r)
	if err != nil {
		x.b.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		x.b.Fatalf("%s: %s, %v: %.300s", url, answer.Status, err, body)
	}
}
