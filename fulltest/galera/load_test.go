//go:build full

package galera

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/lab"
)

// talk is one call that is recorded, and what its caller was told.
type talk struct {
	n        int
	from, to int
	uniqueID string
	began    time.Time
	stopped  bool // by request, else by the hangup

	asked, told time.Time // first start, and the answer to the last
	left        int       // starts that were given up without an answer
	status      int
	body        string
	ended       time.Time // stop or hangup
}

func (c *talk) tag() string { return fmt.Sprintf("call %d", c.n) }

func (c *talk) isRecorded() bool { return c.status == http.StatusOK }

// mayHaveRestarted reports whether a start that was given up may have begun another
// recording, behind the stop: by a gateway that stood still until then.
func (c *talk) mayHaveRestarted() bool { return c.stopped && c.left > 0 }

// tones are the voices of both, as the lab's telephones send them.
func (c *talk) tones() []float64 {
	var hz []float64
	for _, ext := range []int{c.from, c.to} {
		hz = append(hz, float64(ext/100*100+ext%10*200))
	}
	return hz
}

// talks are all calls, and how many there were at most at a time.
type talks struct {
	all  []*talk
	most int
}

// makeCalls makes calls, has each recorded through one gateway or the other, and
// stops every second one by request through the other. Before some of the
// calls something else happens.
func makeCalls(t *testing.T, l *lab.Lab, pair [2]string, before map[int]func()) talks {
	t.Helper()
	var done talks
	var wg sync.WaitGroup
	var mu sync.Mutex // guards now
	now := 0
	free := make(chan int, atATime)
	for i := range atATime {
		free <- i
	}
	for n := range calls {
		if do := before[n]; do != nil {
			do()
		}
		pairOfPhones := await.From(t, "a pair of telephones to be free", free)
		c := &talk{n: n, from: 500 + 2*pairOfPhones, to: 501 + 2*pairOfPhones, stopped: n%2 == 0}
		call := l.Call(fmt.Sprint(c.from), fmt.Sprint(c.to), seconds, "pjsip")
		c.uniqueID, c.began = call.CallerUniqueID, time.Now()
		done.all = append(done.all, c)
		mu.Lock()
		now++
		done.most = max(done.most, now)
		mu.Unlock()
		wg.Go(func() {
			c.play(t.Context(), pair)
			mu.Lock()
			now--
			mu.Unlock()
			free <- pairOfPhones
		})
	}
	await.Return(t, "the calls to be over", wg.Wait)
	return done
}

// play has the call recorded, and waits until it is over.
func (c *talk) play(ctx context.Context, pair [2]string) {
	over := c.began.Add(seconds * time.Second)
	c.asked = time.Now()
	starting, cancel := context.WithDeadline(ctx, over.Add(-time.Second))
	c.status, c.body, c.left = ask(starting, pair, c.n/2, "start", "extenOrUniqueId", c.uniqueID, "tag", c.tag())
	cancel()
	c.told = time.Now()
	c.ended = over
	if c.stopped && c.isRecorded() {
		sleepUntil(ctx, over.Add(-4*time.Second))
		stopping, cancel := context.WithDeadline(ctx, over.Add(-500*time.Millisecond))
		if status, _, _ := ask(stopping, pair, c.n/2+1, "stop", "extenOrUniqueId", c.uniqueID); status == http.StatusOK {
			c.ended = time.Now()
		}
		cancel()
	}
	sleepUntil(ctx, over.Add(time.Second)) // the telephone has hung up
}

func sleepUntil(ctx context.Context, until time.Time) {
	select {
	case <-time.After(time.Until(until)):
	case <-ctx.Done():
	}
}
