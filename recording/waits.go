package recording

import (
	"sync"
	"time"
)

// waits remembers the recordings that wait to be collected, with what was seen
// of them so far. The zero value is ready.
type waits struct {
	mu  sync.Mutex // guards all
	all map[ID]*collector
}

// begin returns the collector of a recording that waits from now on, or that
// waits already, and ran for so long, if that was counted. The time is the
// machine's: this is waiting, not evidence.
func (w *waits) begin(id ID, ran time.Duration) *collector {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[ID]*collector{}
	}
	if w.all[id] == nil {
		w.all[id] = &collector{id: id, began: time.Now(), ran: ran}
	}
	return w.all[id]
}

// has reports whether a recording waits.
func (w *waits) has(id ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all[id] != nil
}

// end forgets a recording that was collected.
func (w *waits) end(id ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, id)
}

// longest returns how long the one waits that waits longest; 0 when none does.
func (w *waits) longest() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	var longest time.Duration
	for _, c := range w.all {
		longest = max(longest, time.Since(c.began))
	}
	return longest
}
