package ami_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// switchboard is a scripted Asterisk. Like the real one it serves one action at
// a time per connection.
type switchboard struct {
	mu     sync.Mutex // guards the fields below
	asked  []string   // "CONNECTION ACTION CHANNEL", of actions on channels
	events int        // number of the connection that hears events

	answers func(p *amitest.Peer, a ami.Message) // what answers actions on channels; nil: all succeed
	admits  func(login ami.Message) bool         // nil: everybody
	joins   func(p *amitest.Peer)                // if set, told of each good login
}

// serve is the script.
func (s *switchboard) serve(p *amitest.Peer) {
	p.Greet()
	login, ok := p.Action()
	if !ok {
		return
	}
	if s.admits != nil && !s.admits(login) {
		p.Send(amitest.Answer(login, "Error", "Message: Authentication failed"))
		return
	}
	s.mu.Lock()
	if login.Get("Events") == "call" {
		s.events = p.N
	}
	s.mu.Unlock()
	if s.joins != nil {
		s.joins(p)
	}
	p.Send(amitest.Answer(login, "Success"))
	for a, ok := p.Action(); ok; a, ok = p.Action() {
		s.do(p, a)
	}
}

func (s *switchboard) do(p *amitest.Peer, a ami.Message) {
	if a.Get("Channel") == "" {
		amitest.Succeed(p, a)
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, fmt.Sprintf("%d %s %s", p.N, a.Get("Action"), a.Get("Channel")))
	answers := s.answers
	s.mu.Unlock()
	if answers != nil {
		answers(p, a)
		return
	}
	amitest.Succeed(p, a)
}

// seen returns the actions on channels that came, without the connections.
func (s *switchboard) seen() (actions []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		_, action, _ := strings.Cut(a, " ")
		actions = append(actions, action)
	}
	return actions
}

// onEvents returns how many of them came over the connection of the events.
func (s *switchboard) onEvents() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		if strings.HasPrefix(a, fmt.Sprint(s.events)+" ") {
			n++
		}
	}
	return n
}

// served is a pool of connections to a switchboard.
type served struct {
	*ami.Pool
	*switchboard
	stop func()
}

// serveWith runs a pool with so many action connections and waits until all
// are up.
func serveWith(t *testing.T, actions int, s *switchboard, edit func(*ami.Options)) served {
	t.Helper()
	o := amitest.OnPipes(t, s.serve)
	if edit != nil {
		edit(&o)
	}
	p := ami.NewPool(o, actions)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, func(ami.Signal) {}) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(stop)
	synctest.Wait()
	if up, err := p.State(); !up {
		t.Fatalf("the pool is not up: %v", err)
	}
	return served{p, s, stop}
}

// begin starts recording n on a channel.
func (s served) begin(ctx context.Context, channel string, n int) error {
	_, err := s.Do(ctx, ami.NewAction("MixMonitor", "Channel", channel, "File", strconv.Itoa(n)))
	return err
}

func (s served) end(ctx context.Context, channel string) error {
	_, err := s.Do(ctx, ami.NewAction("StopMixMonitor", "Channel", channel))
	return err
}

// TestSlowActionDelaysNobody: while one action takes three seconds, those on
// other channels take no time.
func TestSlowActionDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			if a.Get("Channel") == "1.1" {
				time.Sleep(3 * time.Second)
			}
			amitest.Succeed(p, a)
		}}, nil)
		begin := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if err := s.begin(t.Context(), "1.1", 1); err != nil || time.Since(begin) != 3*time.Second {
				t.Errorf("the slow one: %v after %v", err, time.Since(begin))
			}
		})
		synctest.Wait()
		for n := 2; n <= 9; n++ {
			all.Go(func() {
				channel := fmt.Sprintf("1.%d", n)
				if err := errors.Join(s.begin(t.Context(), channel, n), s.end(t.Context(), channel)); err != nil {
					t.Error(err)
				}
				if took := time.Since(begin); took != 0 {
					t.Errorf("start and stop on %s took %v", channel, took)
				}
			})
		}
		await.Return(t, "all callers to return", all.Wait)
		if n := s.onEvents(); n != 0 {
			t.Errorf("%d actions went over the connection of the events", n)
		}
	})
}

// TestSlowWithoutPool shows that the test above would notice: without action
// connections all wait for the slow one.
func TestSlowWithoutPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 0, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			time.Sleep(time.Second)
			amitest.Succeed(p, a)
		}}, nil)
		begin := time.Now()
		var all sync.WaitGroup
		for n := 1; n <= 3; n++ {
			all.Go(func() {
				if err := s.begin(t.Context(), fmt.Sprintf("1.%d", n), n); err != nil {
					t.Error(err)
				}
			})
		}
		await.Return(t, "all callers to return", all.Wait)
		if took := time.Since(begin); took != 3*time.Second || s.onEvents() != 3 {
			t.Errorf("took %v, want 3 s over the connection of the events", took)
		}
	})
}

// TestOneChannelStaysInOrder: a stop waits until the start before it was
// answered, although nobody waits for that any more and a connection is free.
func TestOneChannelStaysInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answered time.Time
		s := serveWith(t, 2, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			if a.Get("Action") == "MixMonitor" {
				time.Sleep(2 * time.Second)
				answered = time.Now()
			} else if answered.IsZero() {
				t.Error("the stop came while the start was under way")
			}
			amitest.Succeed(p, a)
		}}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.begin(ctx, "1.1", 1); !errors.Is(err, ami.ErrTimeout) {
			t.Errorf("a start that was given up: %v, want ErrTimeout", err)
		}
		if err := s.end(t.Context(), "1.1"); err != nil || answered.IsZero() || time.Since(answered) != 0 {
			t.Errorf("stop: %v, %v after the answer of the start", err, time.Since(answered))
		}
	})
}

// TestLostInTheMiddle: when a connection is lost with an action unanswered,
// the action is not sent again and its channel rests; others do not wait.
func TestLostInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost time.Time
		s := serveWith(t, 2, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			if lost.IsZero() {
				lost = time.Now()
				_ = p.Close()
				return
			}
			amitest.Succeed(p, a)
		}}, nil)
		if err := s.begin(t.Context(), "1.1", 1); !errors.Is(err, ami.ErrLost) {
			t.Errorf("start: %v, want ErrLost", err)
		}
		if err := s.begin(t.Context(), "1.2", 2); err != nil || time.Since(lost) != 0 {
			t.Errorf("start on another channel: %v after %v", err, time.Since(lost))
		}
		if err := s.end(t.Context(), "1.1"); err != nil {
			t.Error(err)
		}
		if waited := time.Since(lost); waited < time.Second || waited > 2*time.Second {
			t.Errorf("the stop came %v after the loss, want Asterisk to have had a second", waited)
		}
		want := []string{"MixMonitor 1.1", "MixMonitor 1.2", "StopMixMonitor 1.1"}
		if diff := cmp.Diff(want, s.seen()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}

// TestActionLoginsRefused: with allowmultiplelogin = no the one connection
// does it all, and the refused ones are tried seldom.
func TestActionLoginsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused atomic.Int64
		s := serveWith(t, 2, &switchboard{admits: func(login ami.Message) bool {
			if login.Get("Events") == "off" {
				refused.Add(1)
				return false
			}
			return true
		}}, nil)
		if err := s.begin(t.Context(), "1.1", 1); err != nil || s.onEvents() != 1 {
			t.Errorf("start: %v, %d actions over the connection of the events", err, s.onEvents())
		}
		if n := s.Stats(); n.Actions != 0 || n.Wanted != 2 {
			t.Errorf("stats %+v", n)
		}
		time.Sleep(time.Hour)
		if n := refused.Load(); n < 10 || n > 60 {
			t.Errorf("%d logins were refused in an hour", n)
		}
	})
}

// TestAllBusy: when every connection waits for an answer, an action is not
// sent and says so; the connection of the events helps before that.
func TestAllBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			time.Sleep(3500 * time.Millisecond)
			amitest.Succeed(p, a)
		}}, func(o *ami.Options) { o.ActionTimeout = 4 * time.Second })
		begin := time.Now()
		var all sync.WaitGroup
		for n := 1; n <= 3; n++ {
			all.Go(func() { _ = s.begin(t.Context(), fmt.Sprintf("1.%d", n), n) })
		}
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := s.begin(ctx, "1.4", 4)
		if !errors.Is(err, ami.ErrBusy) {
			t.Errorf("start: %v, want ErrBusy", err)
		}
		if took := time.Since(begin); took != 3*time.Second+time.Millisecond {
			t.Errorf("it came after %v", took)
		}
		if n := s.onEvents(); n != 1 {
			t.Errorf("%d actions went over the connection of the events, want the third", n)
		}
		await.Return(t, "all callers to return", all.Wait)
		want := []string{"MixMonitor 1.1", "MixMonitor 1.2", "MixMonitor 1.3"}
		got := s.seen()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}

// TestNobodyWaitsAfterTheEnd: what waits when Run ends, or the server goes,
// fails at once and was not sent.
func TestNobodyWaitsAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 1, &switchboard{answers: func(p *amitest.Peer, a ami.Message) {
			time.Sleep(time.Minute)
		}}, nil)
		begin := time.Now()
		var all sync.WaitGroup
		for range 5 { // on one channel: one is under way
			all.Go(func() {
				err := s.end(t.Context(), "1.1")
				if !errors.Is(err, ami.ErrDown) || time.Since(begin) != 0 {
					t.Errorf("stop: %v after %v", err, time.Since(begin))
				}
			})
		}
		synctest.Wait()
		s.stop()
		await.Return(t, "all callers to return", all.Wait)
		if got := s.seen(); len(got) != 1 {
			t.Errorf("asked %v", got)
		}
	})
}
