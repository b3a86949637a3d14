package recording

import "sync"

// watch knows the channels and calls that have an open recording, so that
// the events of all other channels cost nothing. It may hold more than is
// open, never less. The zero value is ready.
type watch struct {
	mu       sync.Mutex // guards the maps
	channels map[channelKey]bool
	calls    map[channelKey]bool
	open     map[ID]standing // recordings without a final state
}

// standing is where a recording stands, as far as this process knows.
type standing struct {
	pbx   string
	state State
}

func (w *watch) add(rec Recording) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels == nil {
		w.channels, w.calls = map[channelKey]bool{}, map[channelKey]bool{}
	}
	if w.open == nil {
		w.open = map[ID]standing{}
	}
	if !rec.State.Final() {
		w.open[rec.ID] = standing{rec.PBX, rec.State}
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

// stands notes the state of a recording that is open.
func (w *watch) stands(rec Recording) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == nil {
		w.open = map[ID]standing{}
	}
	w.open[rec.ID] = standing{rec.PBX, rec.State}
}

// openOn returns the recordings that are open on a PBX, as far as is known.
func (w *watch) openOn(pbx string) []ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []ID
	for id, is := range w.open {
		if is.pbx == pbx {
			ids = append(ids, id)
		}
	}
	return ids
}

// inState returns how many recordings are in each state that is not final.
func (w *watch) inState() map[State]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[State]int{Starting: 0, Running: 0, Collecting: 0}
	for _, is := range w.open {
		n[is.state]++
	}
	return n
}

// unsettled returns how many recordings have no final state.
func (w *watch) unsettled() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open)
}
