package ami

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// relistAfter is how long the channels are not listed again for those who
	// miss one: a listing of 1000 channels costs Asterisk some 30 ms.
	relistAfter = time.Second
	// relistPatience is how long one who misses a channel waits for a listing.
	relistPatience = 2 * time.Second
)

// relisting lets those who miss a channel have all channels listed, however
// many they are, and wait for it.
type relisting struct {
	wanted chan struct{} // room for one: somebody waits

	mu           sync.Mutex // guards the fields below
	begun, ended int
	failed       bool          // the last one brought nothing
	at           time.Time     // when the last one began
	changed      chan struct{} // closed when ended changes
}

func newRelisting() *relisting {
	return &relisting{wanted: make(chan struct{}, 1), changed: make(chan struct{})}
}

var errNotListed = errors.New("the channels were not listed in time")

// await returns when a listing has ended that began after await was called, or
// at once when there was one just now and the table is not in doubt. The error
// says that there was none in time.
func (r *relisting) await(ctx context.Context, doubtful bool) error {
	ctx, cancel := context.WithTimeout(ctx, relistPatience)
	defer cancel()
	r.mu.Lock()
	recent, need := !r.failed && time.Since(r.at) < relistAfter, r.begun+1
	r.mu.Unlock()
	if recent && !doubtful {
		return nil
	}
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

// end notes that it has come. A listing that failed ends no wait: it is
// asked for again.
func (r *relisting) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed = err != nil; !r.failed {
		r.release(r.begun)
	}
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
	return relistAfter - time.Since(r.at)
}
