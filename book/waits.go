package book

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
	why   error     // why it cannot be collected for now; guarded by Book.mu
}

// Look takes down that the files have this size, and returns for how long they
// have had it, by the machine's clock: this is waiting, not evidence.
func (w *Wait) Look(size int64) time.Duration {
	if w.Since.IsZero() || size != w.Size {
		w.Size, w.Since, w.Left = size, time.Now(), false
	}
	return time.Since(w.Since)
}

// Wait returns the wait of a recording that waits from now on, or does already.
func (b *Book) Wait(id recording.ID) *Wait {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries.of(id)
	if e.wait == nil {
		e.wait = &Wait{ID: id, began: time.Now()}
		if !e.runs.IsZero() {
			e.wait.Ran = e.ran()
		}
	}
	return e.wait
}

// Waits reports whether a recording waits to be collected.
func (b *Book) Waits(id recording.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[id]
	return e != nil && e.wait != nil
}

// EndWait drops the wait of a recording that was collected.
func (b *Book) EndWait(id recording.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil {
		e.wait = nil
		b.entries.drop(id, e)
	}
}

// Delay takes down why a recording that waits cannot be collected for now; nil:
// it can.
func (b *Book) Delay(id recording.ID, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil && e.wait != nil {
		e.wait.why = why
	}
}

// WhyDelayed returns why a recording cannot be collected for now, or nil.
func (b *Book) WhyDelayed(id recording.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[id]; e != nil && e.wait != nil {
		return e.wait.why
	}
	return nil
}
