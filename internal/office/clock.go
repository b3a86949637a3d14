package office

import (
	"sync/atomic"
	"time"
)

// Clock is a machine's clock that can be set.
type Clock struct{ ahead atomic.Int64 }

// Now is the time of the clock.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Step moves the clock by a duration.
func (c *Clock) Step(by time.Duration) { c.ahead.Add(int64(by)) }

// TalkOn lets sound pass for a duration, as a call does.
func (of *Office) TalkOn(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(2 * time.Second) {
		of.PBX.Pass(2 * time.Second)
	}
}
