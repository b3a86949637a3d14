package bench

import "sync"

// barrier holds all who wait until the last one waits, too.
type barrier struct{ all sync.WaitGroup }

func newBarrier(n int) *barrier {
	x := &barrier{}
	x.all.Add(n)
	return x
}

// wait returns when all have called wait or leave.
func (x *barrier) wait() {
	x.all.Done()
	x.all.Wait()
}

// leave is for one who will not come.
func (x *barrier) leave() { x.all.Done() }
