package asterisk

import (
	"sync"
	"time"

	"recgate/recording"
)

// confirmedFor is how long what the PBX said of a recording is not asked again:
// as long as a stop takes to write its row.
const confirmedFor = 100 * time.Millisecond

// confirmed remembers which recording the PBX has just named for a MixMonitor
// id. A stop makes sure that the recording runs before it writes its row, and
// need not ask the same again afterwards. The zero value is ready.
type confirmed struct {
	mu sync.Mutex // guards of
	of map[recording.ID]confirmation
}

type confirmation struct {
	handle string
	at     time.Time
}

func (c *confirmed) note(id recording.ID, handle string) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[recording.ID]confirmation{}
	}
	for id, s := range c.of { // hardly any is older
		if now.Sub(s.at) > confirmedFor {
			delete(c.of, id)
		}
	}
	c.of[id] = confirmation{handle, now}
}

// take reports whether the PBX has just confirmed the id, and forgets it.
func (c *confirmed) take(id recording.ID, handle string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.of[id]
	delete(c.of, id)
	return ok && s.handle == handle && time.Since(s.at) <= confirmedFor
}
