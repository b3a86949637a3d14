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
	"recgate/internal/await"
	"recgate/recording"
)

// TestUnansweredActions: an Asterisk that answers pings, but never the actions
// on three channels, is asked to start on others over new connections.
func TestUnansweredActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, &switchboard{answers: func(p *peer, a ami.Message) {
			if a.Get("Channel") > "1.3" {
				started(p, a)
			}
		}}, nil)
		var all sync.WaitGroup
		for n := 1; n <= 3; n++ {
			all.Go(func() {
				err := s.begin(t.Context(), fmt.Sprintf("1.%d", n), n)
				if !errors.Is(err, recording.ErrUncertain) || !errors.Is(err, ami.ErrTimeout) {
					t.Errorf("a start without an answer: %v, want that it is not known", err)
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
		if h := s.Health(); !h.Up || h.Actions != 2 {
			t.Errorf("health %+v, want all connections back", h)
		}
	})
}

// deniedOnce is a switchboard on which the first MixMonitor is denied, so that
// recgate logs in again; each login from then on waits for what again says.
func deniedOnce(again func(p *peer)) *switchboard {
	var denied atomic.Bool
	return &switchboard{
		answers: func(p *peer, a ami.Message) {
			if a.Get("Action") == "MixMonitor" && denied.CompareAndSwap(false, true) {
				p.send(answer(a, "Error", "Message: Permission denied"))
				return
			}
			started(p, a)
		},
		joins: func(p *peer) {
			if denied.Load() {
				again(p)
			}
		},
	}
}

// TestStartsWaitForARenewedLogin: while recgate itself logs in again, starts
// and stops wait. It is not a loss.
func TestStartsWaitForARenewedLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, deniedOnce(func(*peer) { time.Sleep(2 * time.Second) }), nil)
		if err := s.begin(t.Context(), "1.1", 1); recording.CodeOf(err) != recording.Unavailable {
			t.Fatalf("start: %v, want that a right is missing", err)
		}
		synctest.Wait()
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
		all.Go(func() {
			if err := s.CanRecord(t.Context()); err != nil || time.Since(begin) < 2*time.Second {
				t.Errorf("readiness: %v after %v", err, time.Since(begin))
			}
		})
		all.Go(func() {
			found, err := s.Find(t.Context(), recording.Target{Text: "414", Name: "414"})
			if err != nil || len(found) != 1 {
				t.Errorf("Find = %v, %v", found, err)
			}
		})
		await.Return(t, "all callers to return", all.Wait)
		if h := s.Health(); !h.Up || h.Reconnects != 0 {
			t.Errorf("health %+v, want no reconnect: nothing was lost", h)
		}
	})
}

// TestRenewedLoginFails: once the login that recgate renews has failed, nobody
// waits any longer, and each is told why.
func TestRenewedLoginFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, deniedOnce(func(p *peer) {
			time.Sleep(2 * time.Second)
			_ = p.Close()
		}), nil)
		_ = s.begin(t.Context(), "1.1", 1)
		synctest.Wait()
		begin := time.Now()
		err := s.begin(t.Context(), "1.2", 2)
		if !errors.Is(err, ami.ErrDown) || errors.Is(err, recording.ErrUncertain) || time.Since(begin) != 2*time.Second {
			t.Errorf("start: %v after %v, want that the PBX is not connected after 2 s", err, time.Since(begin))
		}
	})
}
