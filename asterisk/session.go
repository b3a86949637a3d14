package asterisk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"recgate/ami"
)

// session is the present login: what the account may do in it, and whether the
// table is in step with the PBX.
type session struct {
	account account
	state   func() (up bool, lastErr error) // of the connection

	mu      sync.Mutex    // guards the fields below
	ready   bool          // the table is in step
	trouble error         // why it will not be by waiting; nil while it may be
	changed chan struct{} // closed when ready or trouble change
	rights  rights
	version string // greeting
	heard   bool   // an event of class call came
}

func newSession(a account, state func() (up bool, lastErr error)) *session {
	return &session{account: a, state: state, trouble: a.fault(ami.NotConnected(nil)), changed: make(chan struct{})}
}

// begin starts a new login: nothing is known of it yet.
func (s *session) begin(version string) {
	s.mu.Lock()
	s.version, s.rights, s.heard = version, nil, false
	s.mu.Unlock()
	s.set(false, nil)
}

// set notes whether the table is in step, or why it will not be by waiting.
func (s *session) set(ready bool, trouble error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready, s.trouble = ready, trouble
	close(s.changed)
	s.changed = make(chan struct{})
}

// await returns when the table is in step with the PBX.
func (s *session) await(ctx context.Context) error {
	for {
		s.mu.Lock()
		ready, trouble, changed := s.ready, s.trouble, s.changed
		s.mu.Unlock()
		switch {
		case ready:
			return nil
		case trouble != nil:
			return s.latest(trouble)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s.account.loading(ctx.Err())
		}
	}
}

// awaitAttempt waits as await does, and first until an attempt to connect has
// succeeded or failed.
func (s *session) awaitAttempt(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.await(ctx)
		if !errors.Is(err, ami.ErrConnecting) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s within %v: does AMI listen there, and is a firewall in the way", s.account.address, checkLimit)
		case <-tick.C:
		}
	}
}

// latest is the trouble by what the connection has met since then: attempts
// that fail are not signals, and a refused login is another trouble than a server
// that is away.
func (s *session) latest(trouble error) error {
	if up, err := s.state(); !up && err != nil {
		return s.account.fault(ami.NotConnected(err))
	}
	return trouble
}

// isReady reports whether the table is in step.
func (s *session) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// greeting is the version of the protocol; empty before the first login.
func (s *session) greeting() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version
}

// allowed returns the rights of the login; nil while they are not known.
func (s *session) allowed() rights {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rights
}

// allow notes the rights of the login.
func (s *session) allow(r rights) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rights = r
}

// may reports whether the account may use an action.
func (s *session) may(action string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rights[action]
}

// noteUnloaded notes that a module has gone since the login.
func (s *session) noteUnloaded(module string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rights == nil { // of a login that is over
		return
	}
	s.rights = maps.Clone(s.rights)
	s.rights[module] = false
}

// noteEvent notes that an event of class call came.
func (s *session) noteEvent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = true
}

// hasHeard reports whether one came.
func (s *session) hasHeard() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}
