//go:build full

package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"recgate/ami"
	"recgate/lab"
	"recgate/recording"
	"recgate/store"
	"recgate/store/storetest"
)

const (
	callers = 20 // clients that start and stop at the same time, each its own call
	each    = 3  // pairs of a client in each batch of calls and at each pace

	pause = 250 * time.Millisecond // mean of the pauses: 80 pairs a second, if they took no time
)

// commitsOfPair is how often the database is written durably for a start, its
// stop and the collecting: asked for, recording, stopped, ready.
const commitsOfPair = 4

// BenchmarkPairs lets 20 clients start and stop recordings of 20 bridged calls
// on a real Asterisk, over GET and, in turn, by AMI alone with a connection for
// each client: first as fast as they can, then each after a pause, as callers
// do. pairs is a start and its stop; commits is what the database could do at
// most, by the rate of the smallest durable write of 20 clients. added is a
// start minus the median AMI round trip of the same batch and pace.
func BenchmarkPairs(b *testing.B) {
	x := newExchange(b, 22)
	g := x.gateway("1s")
	commits := newCommits(b)
	var p pairFigures
	for round := range 2 {
		x.pairs(g, commits, &p, round == 0)
	}
	p = pairFigures{}
	for b.Loop() {
		for round := range 12 {
			x.pairs(g, commits, &p, round%2 == 0)
		}
	}
	dropTimePerOp(b)
	p.report(b)
}

type pairFigures struct {
	ami, gateway, commits      samples // a second
	cpu                        samples // ms of the gateway for each pair
	trip, start, added         samples // ms, as fast as they can
	pacedTrip, paced, pacedAdd samples // ms, after a pause
}

func (p *pairFigures) report(b *testing.B) {
	b.Helper()
	p.ami.report(b, "ami", "pairs/s")
	p.commits.report(b, "commits", "pairs/s")
	p.gateway.report(b, "ours", "pairs/s")
	p.cpu.report(b, "ours-cpu", "ms/pair")
	p.trip.report(b, "ami-trip", "ms")
	p.start.report(b, "start", "ms")
	p.pacedTrip.report(b, "paced-ami-trip", "ms")
	p.paced.report(b, "paced-start", "ms")
	b.ReportMetric(p.added.quantile(0.5), "added-p50-ms")
	b.ReportMetric(p.added.quantile(0.99), "added-p99-ms")
	b.ReportMetric(p.pacedAdd.quantile(0.5), "paced-added-p50-ms")
	b.ReportMetric(p.pacedAdd.quantile(0.99), "paced-added-p99-ms")
}

// pairs measures everything on one set of calls.
func (x *exchange) pairs(g gateway, commits *store.DB, p *pairFigures, first bool) {
	x.b.Helper()
	var calls []lab.Call
	for n := range callers {
		calls = append(calls, x.lab.Call(strconv.Itoa(430+2*n), strconv.Itoa(431+2*n), 600, "pjsip"))
	}
	var trips, starts, pacedTrips, pacedStarts samples
	byAMI := func() {
		clients, end := x.connections(callers)
		defer end()
		one := func(n int) (time.Duration, error) { return x.amiPair(clients[n], calls[n]) }
		p.ami.add(x.race(&trips, 0, one))
		x.race(&pacedTrips, pause, one)
	}
	byUs := func() {
		one := func(n int) (time.Duration, error) { return x.ourPair(g, calls[n]) }
		before := g.cpu(x.b)
		p.gateway.add(x.race(&starts, 0, one))
		p.cpu.add((g.cpu(x.b) - before) / 1e6 / (callers * each))
		x.race(&pacedStarts, pause, one)
	}
	if first {
		byAMI()
		byUs()
	} else {
		byUs()
		byAMI()
	}
	note := func(trips, starts samples, allTrips, allStarts, added *samples) {
		*allTrips, *allStarts = append(*allTrips, trips...), append(*allStarts, starts...)
		for _, s := range starts {
			added.add(s - trips.median())
		}
	}
	note(trips, starts, &p.trip, &p.start, &p.added)
	note(pacedTrips, pacedStarts, &p.pacedTrip, &p.paced, &p.pacedAdd)
	p.commits.add(x.commitRate(commits) / commitsOfPair)
	x.lab.Hangup()
	await(x.b, "the spool to be empty", func() bool {
		left, err := os.ReadDir(x.lab.Spool)
		return err == nil && len(left) == 0
	})
}

// race lets every client do its pairs, each after a pause of up to twice the
// mean, and returns how many there were in a second. What pair returns is how
// long its start took.
func (x *exchange) race(starts *samples, mean time.Duration, pair func(n int) (time.Duration, error)) float64 {
	x.b.Helper()
	var group errgroup.Group
	var mu sync.Mutex
	begun := time.Now()
	for n := range callers {
		group.Go(func() error {
			for range each {
				if mean > 0 {
					time.Sleep(rand.N(2 * mean)) // chance is the matter: callers are not in step
				}
				took, err := pair(n)
				if err != nil {
					return err
				}
				mu.Lock()
				starts.addTime(took)
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		x.b.Fatal(err)
	}
	return callers * each / time.Since(begun).Seconds()
}

func (x *exchange) ourPair(g gateway, c lab.Call) (time.Duration, error) {
	extension := recording.Extension(c.CallerChannel)
	l, err := dialLean(strings.TrimPrefix(g.base, "http://"))
	if err != nil {
		return 0, err
	}
	defer l.conn.Close()
	host := strings.TrimPrefix(g.base, "http://")
	begun := time.Now()
	_, err = l.fetch(getRequest(host, strings.TrimPrefix(g.url("start", "extenOrUniqueId", extension, "tag", "bench "+c.CallerUniqueID), g.base)))
	took := time.Since(begun)
	if err == nil {
		_, err = l.fetch(getRequest(host, strings.TrimPrefix(g.url("stop", "extenOrUniqueId", extension), g.base)))
	}
	return took, err
}

func (x *exchange) amiPair(client *ami.Client, c lab.Call) (time.Duration, error) {
	x.numbers.Lock()
	x.count++
	id := recording.ID(fmt.Sprintf("00000000-0000-7000-8000-%012x", x.count))
	x.numbers.Unlock()
	file := filepath.Join(x.lab.Spool, recording.MixedFile(id))
	begun := time.Now()
	answer, err := client.Do(x.b.Context(), ami.NewAction("MixMonitor", "Channel", c.CallerUniqueID, "File", file, "Options", "i(RECGATE_BENCH)"))
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	if _, err := client.Do(x.b.Context(), ami.NewAction("StopMixMonitor", "Channel", c.CallerUniqueID, "MixMonitorID", answer.Get("MixMonitorID"))); err != nil {
		return 0, err
	}
	// The file is made by another thread of Asterisk, so it may come yet.
	for deadline := time.Now().Add(5 * time.Second); ; {
		if err := os.Remove(file); err == nil || !errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
			return took, err
		}
	}
}

// connections logs so many clients in, and returns what logs them off again:
// Asterisk wakes every connection for each event, so idle ones have a price.
func (x *exchange) connections(n int) (clients []*ami.Client, end func()) {
	x.b.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.b.Context()))
	var wg sync.WaitGroup
	for range n {
		c := ami.New(ami.Options{Address: x.lab.AMI, Username: "recorder", Secret: x.lab.Secret("recorder"), Events: "off"})
		wg.Go(func() {
			if err := c.Run(ctx, func(ami.Signal) {}); err != nil {
				x.b.Error(err)
			}
		})
		clients = append(clients, c)
	}
	for _, c := range clients {
		await(x.b, "the AMI login", func() bool { up, _ := c.State(); return up })
	}
	return clients, func() { cancel(); wg.Wait() }
}

// newCommits makes a database beside the gateway's, on the same disk.
func newCommits(b *testing.B) *store.DB {
	b.Helper()
	return storetest.Open(b, database(b.TempDir()), store.Options{})
}

// commitRate is how many of the smallest writes 20 clients get done durably in
// a second; they share commits as all do.
func (x *exchange) commitRate(db *store.DB) float64 {
	x.b.Helper()
	const times = 20
	var group errgroup.Group
	begun := time.Now()
	for range callers {
		group.Go(func() error {
			for range times {
				if err := db.LogAccess(x.b.Context(), recording.Access{At: begun, Method: "bench"}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		x.b.Fatal(err)
	}
	return callers * times / time.Since(begun).Seconds()
}
