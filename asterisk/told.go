package asterisk

import (
	"sync"
	"time"

	"recgate/recording"
)

// toldFor is how long what the PBX said of a recording is not asked again: as
// long as a stop takes to write its row.
const toldFor = 100 * time.Millisecond

// told remembers which MixMonitor ids were just seen to be of which recording,
// so that a stop, which makes sure that the recording runs before it writes
// its row, does not ask the same twice. The zero value is ready.
type told struct {
	mu sync.Mutex // guards of
	of map[recording.ID]said
}

type said struct {
	handle string
	at     time.Time
}

func (t *told) note(id recording.ID, handle string) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[recording.ID]said{}
	}
	for id, s := range t.of { // hardly any is older
		if now.Sub(s.at) > toldFor {
			delete(t.of, id)
		}
	}
	t.of[id] = said{handle, now}
}

// take tells whether the PBX has just said so, and forgets it.
func (t *told) take(id recording.ID, handle string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.of[id]
	delete(t.of, id)
	return ok && s.handle == handle && time.Since(s.at) <= toldFor
}
