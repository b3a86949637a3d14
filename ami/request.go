package ami

import (
	"fmt"
	"strings"
)

// listing marks the ActionIDs of List: events that carry one are rows, also
// when the caller has left.
const listing = "list-"

// MaxRows is how many rows a listing may have.
const MaxRows = 20_000

// maxListing is what they may take in memory. 1000 channels are sent as 432 kB
// and take 1.3 MB.
const maxListing = 48 << 20

// answer is what came back for an action.
type answer struct {
	response Message
	rows     []Message
}

// request waits for its answer. Only the reader touches it before done is
// closed, and only the asker afterwards.
type request struct {
	action string
	list   bool
	done   chan struct{}
	got    answer
	err    error

	finished bool
	size     int // of the rows
}

// respond takes the response. That of a listing only opens it.
func (r *request) respond(m Message) {
	if r.finished {
		return
	}
	r.got.response = m
	if err := refusal(r.action, m); err != nil || !r.list {
		r.finish(err)
	}
}

// row takes an event of a listing: a row, or its end. "EventList" closes it
// in every version since 1.8; the name of the event did before.
func (r *request) row(m Message) {
	if r.finished {
		return
	}
	_, event := m.Kind()
	state := m.Get("EventList")
	switch {
	case strings.EqualFold(state, "cancelled"):
		r.finish(fmt.Errorf("%s: %w", r.action, ErrCancelled))
		return
	case strings.EqualFold(state, "Complete"), state == "" && strings.HasSuffix(event, "Complete"):
		r.finish(nil)
		return
	}
	r.size += m.size()
	if r.size > maxListing || len(r.got.rows) == MaxRows {
		r.finish(fmt.Errorf("%s: %w: over %d rows, or %d MiB in memory", r.action, ErrTooMany, MaxRows, maxListing>>20))
		return
	}
	r.got.rows = append(r.got.rows, m)
}

// finish ends the wait. Whatever comes later is ignored.
func (r *request) finish(err error) {
	r.finished = true
	if r.err = err; err != nil {
		r.got = answer{} // half a listing is none
	}
	close(r.done)
}
