package recording

import (
	"sync"
	"time"
)

// waits remembers since when recordings wait to be collected. The zero value
// is ready.
type waits struct {
	mu    sync.Mutex // guards since
	since map[ID]time.Time
}

// begin notes a recording that waits from now on, unless it waits already.
func (w *waits) begin(id ID, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since == nil {
		w.since = map[ID]time.Time{}
	}
	if _, waits := w.since[id]; !waits {
		w.since[id] = now
	}
}

// end forgets a recording that was collected.
func (w *waits) end(id ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.since, id)
}

// longest returns how long the one waits that waits longest; 0 when none does.
func (w *waits) longest(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var longest time.Duration
	for _, since := range w.since {
		longest = max(longest, now.Sub(since))
	}
	return longest
}
