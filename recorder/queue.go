package recorder

import (
	"sync"

	"recgate/recording"
)

// event is one of a PBX that waits for its turn.
type event struct {
	recording.Event
	tries int // times that it could not be followed
}

// queue keeps the events of each channel in their order, while those of other
// channels go on. The zero value is ready.
type queue struct {
	mu      sync.Mutex // guards waiting
	waiting map[string][]event
}

// add puts an event behind those that wait for its channel, and reports whether
// it is the first: then all must be taken, from head on.
func (q *queue) add(e event) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == nil {
		q.waiting = map[string][]event{}
	}
	id := e.Channel.UniqueID
	q.waiting[id] = append(q.waiting[id], e)
	return len(q.waiting[id]) == 1
}

// head returns the first event that waits for a channel, if there is one.
func (q *queue) head(uniqueID string) (e event, waits bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting[uniqueID]) == 0 {
		delete(q.waiting, uniqueID)
		return e, false
	}
	return q.waiting[uniqueID][0], true
}

// next drops the event that was taken and returns the one behind it.
func (q *queue) next(uniqueID string) (e event, waits bool) {
	q.mu.Lock()
	q.waiting[uniqueID] = q.waiting[uniqueID][1:]
	q.mu.Unlock()
	return q.head(uniqueID)
}
