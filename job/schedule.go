// Package job does named work at its time, one at a time: Schedule by a few
// workers of this process, Locks for what two of them may not do at once, and
// Claims for what two processes may not.
package job

import (
	"container/heap"
	"context"
	"strings"
	"sync"
	"time"
)

// Schedule runs jobs at their time on a few workers. A job is named; adding
// a name that waits already moves it to the earlier time and makes no second job.
type Schedule struct {
	mu     sync.Mutex // guards jobs and byName
	jobs   jobs
	byName map[string]*job
	wake   chan struct{} // holds a token when jobs has changed
}

type job struct {
	name string
	at   time.Time
	run  func(context.Context)
	slot int // in jobs
}

// NewSchedule returns a schedule without jobs. It starts nothing; Run does.
func NewSchedule() *Schedule {
	return &Schedule{byName: map[string]*job{}, wake: make(chan struct{}, 1)}
}

// Add has run called after the delay, by a worker of Run.
func (q *Schedule) Add(delay time.Duration, name string, run func(context.Context)) {
	at := time.Now().Add(delay)
	q.mu.Lock()
	defer q.mu.Unlock()
	if j := q.byName[name]; j != nil {
		if at.Before(j.at) {
			j.at, j.run = at, run
			heap.Fix(&q.jobs, j.slot)
		}
	} else {
		j = &job{name: name, at: at, run: run}
		q.byName[name] = j
		heap.Push(&q.jobs, j)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Waiting returns how many jobs wait whose names begin with prefix.
func (q *Schedule) Waiting(prefix string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for name := range q.byName {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// next takes the first job that is due; if there is none, it returns how long to
// wait for one.
func (q *Schedule) next() (due *job, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return nil, time.Hour
	}
	if wait = time.Until(q.jobs[0].at); wait > 0 {
		return nil, wait
	}
	j := heap.Pop(&q.jobs).(*job)
	delete(q.byName, j.name)
	return j, 0
}

// Run runs due jobs on so many workers until ctx ends, and waits for the workers.
func (q *Schedule) Run(ctx context.Context, workers int) {
	due := make(chan *job)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range due {
				j.run(ctx)
			}
		})
	}
	for ctx.Err() == nil {
		j, wait := q.next()
		if j != nil {
			select {
			case due <- j:
			case <-ctx.Done():
			}
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	close(due)
	wg.Wait()
}

// jobs is a heap, the earliest first.
type jobs []*job

func (h jobs) Len() int           { return len(h) }
func (h jobs) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h jobs) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i, j
}

// Push implements heap.Interface.
func (h *jobs) Push(x any) {
	j := x.(*job)
	j.slot = len(*h)
	*h = append(*h, j)
}

// Pop implements heap.Interface.
func (h *jobs) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return j
}
