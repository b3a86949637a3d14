package ami_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
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
	s := serveWith(t, 2, &switchboard{answers: func(p *peer, a ami.Message) { j.take(t, p, a) }}, nil)
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
	all.Wait()
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
func (j *journal) take(t *testing.T, p *peer, a ami.Message) {
	channel, n := a.Get("Channel"), 0
	file := a.Get("File")
	if _, err := fmt.Sscanf(file[strings.LastIndexByte(file, '/')+1+20:], "%12x", &n); err != nil {
		t.Errorf("file %q: %v", file, err)
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
	started(p, a)
}
