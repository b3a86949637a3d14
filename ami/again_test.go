package ami_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// TestUnansweredActions: an Asterisk that answers pings, but never the actions
// on three channels, is asked to start on others over new connections.
func TestUnansweredActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			if a.Get("Channel") > "1.3" {
				amitest.Succeed(p, a)
			}
		}}, nil)
		var all sync.WaitGroup
		for n := 1; n <= 3; n++ {
			all.Go(func() {
				err := s.begin(t.Context(), fmt.Sprintf("1.%d", n), n)
				if !errors.Is(err, ami.ErrTimeout) {
					t.Errorf("a start without an answer: %v, want ErrTimeout", err)
				}
			})
		}
		time.Sleep(time.Second)
		begin := time.Now()
		if err := s.begin(t.Context(), "1.4", 4); err != nil {
			t.Errorf("a start on another channel: %v after %v", err, time.Since(begin))
		}
		await.Return(t, "all callers to return", all.Wait)
		for n := 5; n <= 9; n++ {
			begin := time.Now()
			if err := s.begin(t.Context(), fmt.Sprintf("1.%d", n), n); err != nil || time.Since(begin) != 0 {
				t.Errorf("a later start: %v after %v", err, time.Since(begin))
			}
		}
		synctest.Wait()
		if up, err := s.State(); !up || s.Stats().Actions != 2 {
			t.Errorf("%v, %+v, want all connections back", err, s.Stats())
		}
	})
}

// renewed is a pool that logs in again; each login from then on waits for what
// again says.
func renewed(t *testing.T, again func(p *amitest.Peer)) served {
	t.Helper()
	var renewing atomic.Bool
	s := serveWith(t, 2, &switchboard{joins: func(p *amitest.Peer) {
		if renewing.Load() {
			again(p)
		}
	}}, nil)
	renewing.Store(true)
	if !s.Renew() {
		t.Fatal("nothing is under way, and the login is not renewed")
	}
	return s
}

// TestActionsWaitForARenewedLogin: while the client itself logs in again,
// actions wait. It is not a loss.
func TestActionsWaitForARenewedLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := renewed(t, func(*amitest.Peer) { time.Sleep(2 * time.Second) })
		begin := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if err := s.begin(t.Context(), "1.2", 2); err != nil || time.Since(begin) < 2*time.Second {
				t.Errorf("start: %v after %v", err, time.Since(begin))
			}
		})
		all.Go(func() {
			if err := s.end(t.Context(), "1.3"); err != nil || time.Since(begin) < 2*time.Second {
				t.Errorf("stop: %v after %v", err, time.Since(begin))
			}
		})
		await.Return(t, "all callers to return", all.Wait)
		if n := s.Stats(); n.Reconnects != 0 {
			t.Errorf("stats %+v, want no reconnect: nothing was lost", n)
		}
	})
}

// TestRenewedLoginFails: once the login that is renewed has failed, nobody
// waits any longer, and each is told why.
func TestRenewedLoginFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := renewed(t, func(p *amitest.Peer) {
			time.Sleep(2 * time.Second)
			_ = p.Close()
		})
		begin := time.Now()
		err := s.begin(t.Context(), "1.2", 2)
		if !errors.Is(err, ami.ErrDown) || errors.Is(err, ami.ErrLost) || time.Since(begin) != 2*time.Second {
			t.Errorf("start: %v after %v, want ErrDown after 2 s", err, time.Since(begin))
		}
	})
}
