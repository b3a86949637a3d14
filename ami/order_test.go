package ami_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// TestOrderUnderLoss: nine channels with a start every so often, many of them
// given up, while the server is slow and drops connections. What arrives on a
// channel arrives in the order in which it was asked for, once, never while the
// one before is at work, and never within a second of a loss in its middle.
func TestOrderUnderLoss(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { orderUnderLoss(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

// journal watches what arrives on each channel.
type journal struct {
	mu     sync.Mutex
	random *rand.Rand
	last   map[string]int       // number of the last start
	atWork map[string]bool      // an action is
	lost   map[string]time.Time // when a connection was lost in the middle
	count  int
}

func orderUnderLoss(t *testing.T, random *rand.Rand) {
	j := &journal{random: random, last: map[string]int{}, atWork: map[string]bool{}, lost: map[string]time.Time{}}
	s := serveWith(t, 2, &switchboard{answers: func(p *amitest.Peer, a ami.Message) { j.take(t, p, a) }}, nil)
	var all sync.WaitGroup
	for channel := 1; channel <= 9; channel++ {
		all.Go(func() {
			for n := 1; n <= 40; n++ {
				ctx, cancel := context.WithTimeout(t.Context(), j.upTo(2*time.Second))
				_ = s.begin(ctx, fmt.Sprintf("1.%d", channel), n)
				cancel()
				time.Sleep(j.upTo(200 * time.Millisecond))
			}
		})
	}
	await.Return(t, "all callers to return", all.Wait)
	s.stop()
	if j.count < 50 {
		t.Errorf("only %d actions arrived", j.count)
	}
}

func (j *journal) upTo(d time.Duration) time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	return time.Duration(j.random.Int64N(int64(d)))
}

// take is the work on one action.
func (j *journal) take(t *testing.T, p *amitest.Peer, a ami.Message) {
	channel := a.Get("Channel")
	n, err := strconv.Atoi(a.Get("File"))
	if err != nil {
		t.Error(err)
	}
	j.mu.Lock()
	j.count++
	if n <= j.last[channel] {
		t.Errorf("start %d on %s came after start %d", n, channel, j.last[channel])
	}
	if j.atWork[channel] {
		t.Errorf("start %d on %s came while another one was at work", n, channel)
	}
	if since := time.Since(j.lost[channel]); since < time.Second {
		t.Errorf("start %d on %s came %v after a loss", n, channel, since)
	}
	j.last[channel], j.atWork[channel] = n, true
	slow, drop := j.random.IntN(10) == 0, j.random.IntN(10) == 0
	j.mu.Unlock()
	if slow {
		time.Sleep(j.upTo(3 * time.Second))
	}
	j.mu.Lock()
	j.atWork[channel] = false
	if drop {
		j.lost[channel] = time.Now()
	}
	j.mu.Unlock()
	if drop {
		_ = p.Close()
		return
	}
	amitest.Succeed(p, a)
}

// TestPoolReconnects: 500 times all connections are lost with an action under
// way; nothing is left of them, and no action is sent twice.
func TestPoolReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const times = 500
		var mu sync.Mutex // guards all
		all := map[*amitest.Peer]bool{}
		s := serveWith(t, 2, &switchboard{
			joins: func(p *amitest.Peer) {
				mu.Lock()
				defer mu.Unlock()
				all[p] = true
			},
			answers: func(*amitest.Peer, ami.Message) {
				mu.Lock()
				defer mu.Unlock()
				for p := range all {
					_ = p.Close()
					delete(all, p)
				}
			},
		}, nil)
		goroutines, heap := 0, int64(0)
		for n := 1; n <= times; n++ {
			if err := s.begin(t.Context(), "1.1", n); !errors.Is(err, ami.ErrLost) {
				t.Fatalf("start %d: %v", n, err)
			}
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if n == 10 {
				goroutines, heap = runtime.NumGoroutine(), liveHeap()
			}
		}
		// What the runtime and the test's own alarm have for a moment is counted
		// too; one that each loss left behind would make hundreds.
		if got := runtime.NumGoroutine(); got > goroutines+times/10 {
			t.Errorf("%d goroutines, %d after 10 losses", got, goroutines)
		}
		if grown := liveHeap() - heap; grown > 1<<20 {
			t.Errorf("%d bytes more are in use than after 10 losses", grown)
		}
		if n := s.Stats(); n.Actions != 2 || n.Reconnects != 3*times {
			t.Errorf("stats %+v, want all up, reconnected %d times", n, 3*times)
		}
		if got := s.seen(); len(got) != times {
			t.Errorf("%d actions arrived of %d", len(got), times)
		}
	})
}
