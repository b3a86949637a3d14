package asterisk

import (
	"slices"
	"sync"
	"time"

	"recgate/recording"
)

// monitored is what recgate remembers of its Monitor recordings.
type monitored struct {
	mu      sync.Mutex // guards the maps, all by unique id
	running map[string]recording.ID
	ended   map[string][]recording.ID // while the channel lived
	echoes  map[string]time.Time      // until when a MonitorStop is the echo of our own stop
}

func newMonitored() *monitored {
	return &monitored{running: map[string]recording.ID{}, ended: map[string][]recording.ID{}, echoes: map[string]time.Time{}}
}

func (m *monitored) runningOn(uniqueID string) recording.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running[uniqueID]
}

func (m *monitored) hasEnded(uniqueID string, id recording.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.ended[uniqueID], id)
}

// begin notes a recording, unless another one runs on the channel.
func (m *monitored) begin(uniqueID string, id recording.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if running := m.running[uniqueID]; running != "" && running != id {
		return false
	}
	m.running[uniqueID] = id
	return true
}

// release takes back a begin if it is not known that the recording ever ran.
func (m *monitored) release(uniqueID string, id recording.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[uniqueID] == id {
		delete(m.running, uniqueID)
	}
}

func (m *monitored) end(uniqueID string, id recording.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[uniqueID] == id {
		delete(m.running, uniqueID)
	}
	m.ended[uniqueID] = append(m.ended[uniqueID], id)
}

// echo is how long after our own stop its event may come, behind a flood of
// others. It is long: if an echo were taken for the stop of somebody else, the
// recording that was begun since would end; the other mistake is made good by the
// next sweep.
const echo = 30 * time.Second

// expectStop says until when a MonitorStop is the echo of our own stop.
func (m *monitored) expectStop(uniqueID string, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.echoes[uniqueID] = until
}

// noteStop takes a MonitorStop event, and reports whether something else stopped
// the recording. The echo of our own stop may come when the next one runs already.
func (m *monitored) noteStop(uniqueID string) (byOthers bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.echoes[uniqueID]
	delete(m.echoes, uniqueID)
	if time.Now().Before(until) {
		return false
	}
	if id := m.running[uniqueID]; id != "" {
		delete(m.running, uniqueID)
		m.ended[uniqueID] = append(m.ended[uniqueID], id)
	}
	return true
}

// forget drops what is known of a channel that is gone.
func (m *monitored) forget(uniqueID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.running, uniqueID)
	delete(m.ended, uniqueID)
	delete(m.echoes, uniqueID)
}

// keepOnly forgets all channels but those that live.
func (m *monitored) keepOnly(lives func(uniqueID string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.running {
		if !lives(id) {
			delete(m.running, id)
		}
	}
	for id := range m.ended {
		if !lives(id) {
			delete(m.ended, id)
		}
	}
	for id := range m.echoes {
		if !lives(id) {
			delete(m.echoes, id)
		}
	}
}

// forgetEchoes forgets the echoes that were expected: what was said before a
// login does not come after it.
func (m *monitored) forgetEchoes() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.echoes)
}
