package asterisk

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The channels are listed again for those who miss one, but not at once: a
// listing of 1000 channels costs Asterisk some 30 ms. From the beginning of one
// listing to the beginning of the next it is relistShare times as long as the
// first one took, within these bounds.
const (
	relistShare    = 20
	relistSoonest  = 100 * time.Millisecond
	relistLatest   = time.Second
	relistPatience = 2500 * time.Millisecond // how long one who misses a channel waits
)

// relisting lets those who miss a channel have all channels listed, however
// many they are, and wait for it.
type relisting struct {
	wanted chan struct{} // room for one: somebody waits

	mu           sync.Mutex // guards the fields below
	begun, ended int
	at           time.Time     // when the last one began
	took         time.Duration // how long the last one took
	changed      chan struct{} // closed when ended changes
}

func newRelisting() *relisting {
	return &relisting{wanted: make(chan struct{}, 1), changed: make(chan struct{})}
}

var errNotListed = errors.New("the channels were not listed in time")

// await returns when a listing has ended that began after await was called. The
// error says that there was none in time.
func (r *relisting) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, relistPatience)
	defer cancel()
	r.mu.Lock()
	need := r.begun + 1
	r.mu.Unlock()
	select {
	case r.wanted <- struct{}{}:
	default: // somebody has asked already
	}
	for {
		r.mu.Lock()
		ended, changed := r.ended, r.changed
		r.mu.Unlock()
		if ended >= need {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errNotListed
		}
	}
}

// begin notes that a listing is asked for.
func (r *relisting) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
	r.at = time.Now()
}

// end notes that it has come. One that failed ends no wait: it is asked for again.
func (r *relisting) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = time.Since(r.at)
	r.release(r.begun)
}

// giveUp ends every wait: the login is over.
func (r *relisting) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
	r.release(r.begun)
}

func (r *relisting) release(ended int) {
	r.ended = ended
	close(r.changed)
	r.changed = make(chan struct{})
}

// untilNext returns how long the next listing should wait.
func (r *relisting) untilNext() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return min(max(relistShare*r.took, relistSoonest), relistLatest) - time.Since(r.at)
}
