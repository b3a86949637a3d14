package recorder

import (
	"time"

	"recgate/recording"
)

// Wait is a recording that waits to be collected, with what was seen of it so
// far. One collector at a time uses it: who has the recording's lock.
type Wait struct {
	ID  recording.ID
	Ran time.Duration // for how long it recorded; 0: that was not counted

	Rec   *recording.Recording // as it was when its files were first looked at
	Tries int                  // times that collecting failed for now
	Size  int64                // of all files at the last look
	Since time.Time            // when the size was first seen so; zero before the first look
	Left  bool                 // nobody was seen to write to the files when last asked
	Said  bool                 // that a file stays open

	began time.Time // the machine's clock: this is waiting, not evidence
	why   error     // why it cannot be collected for now; guarded by book.mu
}

// Wait returns the wait of a recording that waits from now on, or does already.
func (b *book) Wait(id recording.ID) *Wait {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.of(id)
	if e.wait == nil {
		e.wait = &Wait{ID: id, began: time.Now()}
		if !e.runs.IsZero() {
			e.wait.Ran = e.ran()
		}
	}
	return e.wait
}

// Waits reports whether a recording waits to be collected.
func (b *book) Waits(id recording.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	return e != nil && e.wait != nil
}

// EndWait drops the wait of a recording that was collected.
func (b *book) EndWait(id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil {
		e.wait = nil
		b.drop(id, e)
	}
}

// Delay takes down why a recording that waits cannot be collected for now; nil:
// it can.
func (b *book) Delay(id recording.ID, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil && e.wait != nil {
		e.wait.why = why
	}
}

// WhyDelayed returns why a recording cannot be collected for now, or nil.
func (b *book) WhyDelayed(id recording.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil && e.wait != nil {
		return e.wait.why
	}
	return nil
}

// Keep takes down that the files of a settled recording stay in a spool by the
// operator's will, and Kept reports so: there may be very many, and none needs
// a second look.
func (b *book) Keep(id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept[id] = true
}

// Kept is told with Keep.
func (b *book) Kept(id recording.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept[id]
}

// Figures are what the book adds up to, for metrics.
type Figures struct {
	InState map[recording.State]int // recordings in each state that is not final
	Stalled int                     // recordings that run whose files have stopped growing although their channels talk
	Longest time.Duration           // for how long the recording waits to be collected that waits longest; 0 when none does
}

// Open returns how many recordings have no final state.
func (f Figures) Open() int {
	n := 0
	for _, in := range f.InState {
		n += in
	}
	return n
}

// Figures adds up what is open.
func (b *book) Figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := Figures{InState: map[recording.State]int{recording.Starting: 0, recording.Running: 0, recording.Collecting: 0}}
	for _, e := range b.entries {
		if e.state != "" {
			f.InState[e.state]++
		}
		if e.file.said {
			f.Stalled++
		}
		if e.wait != nil {
			f.Longest = max(f.Longest, time.Since(e.wait.began))
		}
	}
	return f
}
