package book

import (
	"time"

	"recgate/recording"
)

// LongOver is the age at which no start is under way, by whatever clock: those
// of the processes must agree to this.
const LongOver = time.Minute

// UnderWay returns for how much longer a start of another process may be under
// way that takes no longer than limit. Time is counted here from the first look
// on, so that clocks that differ do no harm.
func (b *Book) UnderWay(id recording.ID, limit time.Duration) time.Duration {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	switch {
	case e != nil && e.ours:
		return 0
	case e == nil || e.seen.IsZero():
		for id, e := range b.entries { // nobody says when those are settled
			if !e.seen.IsZero() && now.Sub(e.seen) > LongOver {
				e.seen = time.Time{}
				b.entries.drop(id, e)
			}
		}
		e = b.entries.of(id)
		e.seen = now
	}
	return max(0, limit-now.Sub(e.seen))
}

// Ran returns for how long a recording has run, if that is counted: by the
// monotonic clock of this machine, since what a row's times say is as long as
// the clock was not set meanwhile.
func (b *Book) Ran(id recording.ID) (d time.Duration, counted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	if e == nil || e.runs.IsZero() {
		return 0, false
	}
	return e.ran(), true
}

// ran is for how long a recording has run that is counted.
func (e *entry) ran() time.Duration { return e.before + time.Since(e.runs) }

// Count counts from now on for how long a recording runs that has run before,
// unless it is counted already, and returns for how long it has.
func (b *Book) Count(id recording.ID, before time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	if e == nil {
		return before // settled meanwhile
	}
	if e.runs.IsZero() {
		e.runs, e.before = time.Now(), before
	}
	return e.ran()
}

// stalledAfter is how long the file of a call that is talking may not grow. A
// PBX writes every 2.1 s.
const stalledAfter = 30 * time.Second

// growth is how a file grows that is being written.
type growth struct {
	size  int64
	since time.Time // when it was first of this size, or could not be expected to grow
	said  bool      // that it stands still
}

// Grow takes down a look at the file of a recording that runs, and reports
// whether it has now stood still for too long: once, until it grows again.
func (b *Book) Grow(id recording.ID, size int64, talking bool) (stalled bool) {
	now := time.Now() // the machine's clock: this is waiting, not evidence
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	if e == nil {
		return false
	}
	f := &e.file
	if size != f.size {
		f.size, f.since, f.said = size, now, false
	}
	if !talking || f.since.IsZero() {
		f.since = now
	}
	if f.said || now.Sub(f.since) < stalledAfter {
		return false
	}
	f.said = true
	return true
}
