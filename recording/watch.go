package recording

import (
	"maps"
	"sync"
	"time"
)

// watch knows the channels and calls that have an open recording, so that
// the events of all other channels cost nothing. It may hold more than is
// open, never less. The zero value is ready.
type watch struct {
	mu       sync.Mutex               // guards the maps
	channels map[channelKey]time.Time // when each was added last
	calls    map[channelKey]time.Time
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
		w.channels, w.calls = map[channelKey]time.Time{}, map[channelKey]time.Time{}
	}
	if w.open == nil {
		w.open = map[ID]standing{}
	}
	if !rec.State.Final() {
		w.open[rec.ID] = standing{rec.PBX, rec.State}
	}
	now := time.Now()
	w.channels[channelKey{rec.PBX, rec.UniqueID}] = now
	w.calls[channelKey{rec.PBX, rec.Call.LinkedID}] = now
}

// of tells whether the channel has an open recording, or its call has.
func (w *watch) of(c Channel) (channel, call bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, channel = w.channels[channelKey{c.PBX, c.UniqueID}]
	_, call = w.calls[channelKey{c.PBX, c.LinkedID}]
	return channel, call
}

// prune forgets the channels of a PBX that none of its open recordings has: an
// end that nobody saw tells of no hangup. It returns the linked ids of calls
// that none has either; those may go on without the channel that was recorded.
// What was added lately stays, for its row may be on its way.
func (w *watch) prune(pbx string, open []Recording) (calls []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	has := map[channelKey]bool{}
	for _, rec := range open {
		has[channelKey{pbx, rec.UniqueID}] = true
		has[channelKey{pbx, rec.Call.LinkedID}] = true // mostly that of a channel, which stays then, too
	}
	old := time.Now().Add(-longOver)
	stale := func(key channelKey, added time.Time) bool { return key.pbx == pbx && added.Before(old) && !has[key] }
	maps.DeleteFunc(w.channels, stale)
	for key, added := range w.calls {
		if stale(key, added) {
			calls = append(calls, key.uniqueID)
		}
	}
	return calls
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
