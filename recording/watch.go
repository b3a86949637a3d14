package recording

import "sync"

// watch knows the channels and calls that have an open recording, so that
// the events of all other channels cost nothing. It may hold more than is
// open, never less. The zero value is ready.
type watch struct {
	mu       sync.Mutex // guards the maps
	channels map[channelKey]bool
	calls    map[channelKey]bool
	open     map[ID]bool // recordings without a final state
}

func (w *watch) add(rec Recording) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels == nil {
		w.channels, w.calls, w.open = map[channelKey]bool{}, map[channelKey]bool{}, map[ID]bool{}
	}
	if !rec.State.Final() {
		w.open[rec.ID] = true
	}
	w.channels[channelKey{rec.PBX, rec.UniqueID}] = true
	w.calls[channelKey{rec.PBX, rec.Call.LinkedID}] = true
}

// of tells whether the channel has an open recording, or its call has.
func (w *watch) of(c Channel) (channel, call bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.channels[channelKey{c.PBX, c.UniqueID}], w.calls[channelKey{c.PBX, c.LinkedID}]
}

func (w *watch) forget(c Channel, callToo bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.channels, channelKey{c.PBX, c.UniqueID})
	if callToo {
		delete(w.calls, channelKey{c.PBX, c.LinkedID})
	}
}

// settled notes that a recording has reached a final state.
func (w *watch) settled(id ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, id)
}

// unsettled returns how many recordings have no final state.
func (w *watch) unsettled() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open)
}
