package ami_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/internal/await"
	"recgate/recording"
)

// switchboard is a scripted Asterisk with channels 1.1 to 1.9. Like the real
// one it serves one action at a time per connection.
type switchboard struct {
	mu     sync.Mutex // guards the fields below
	asked  []string   // "CONNECTION ACTION CHANNEL", of actions on channels
	files  []string   // that MixMonitor was asked for
	events int        // number of the connection that hears events
	logins int

	answers func(p *peer, a ami.Message) // what answers actions on channels; nil: all succeed
	admits  func(login ami.Message) bool // nil: everybody
	joins   func(p *peer)                // if set, told of each good login
}

// serve is the script.
func (s *switchboard) serve(p *peer) {
	p.greet()
	login, ok := p.action()
	if !ok {
		return
	}
	if s.admits != nil && !s.admits(login) {
		p.send(answer(login, "Error", "Message: Authentication failed"))
		return
	}
	s.mu.Lock()
	s.logins++
	if login.Get("Events") == "call" {
		s.events = p.n
	}
	s.mu.Unlock()
	if s.joins != nil {
		s.joins(p)
	}
	p.send(answer(login, "Success"))
	for a, ok := p.action(); ok; a, ok = p.action() {
		s.do(p, a)
	}
}

func (s *switchboard) do(p *peer, a ami.Message) {
	switch a.Get("Action") {
	case "ListCommands":
		p.send(answer(a, "Success", "MixMonitor: Record", "StopMixMonitor: Stop", "CoreShowChannels: List"))
	case "CoreShowChannels":
		p.send(answer(a, "Success", "EventList: start"))
		for n := range 9 {
			id := fmt.Sprintf("1.%d", n+1)
			p.send([]string{
				"Event: CoreShowChannel", "ActionID: " + a.Get("ActionID"), "Channel: PJSIP/41" + id[2:] + "-00000001",
				"ChannelState: 6", "Uniqueid: " + id, "Linkedid: " + id,
			})
		}
		p.send([]string{"Event: CoreShowChannelsComplete", "ActionID: " + a.Get("ActionID"), "EventList: Complete"})
	case "Ping":
		p.send(answer(a, "Success"))
	default:
		s.mu.Lock()
		s.asked = append(s.asked, fmt.Sprintf("%d %s %s", p.n, a.Get("Action"), a.Get("Channel")))
		if file := a.Get("File"); file != "" {
			s.files = append(s.files, file)
		}
		answers := s.answers
		s.mu.Unlock()
		if answers != nil {
			answers(p, a)
			return
		}
		started(p, a)
	}
}

// started answers as after a MixMonitor.
func started(p *peer, a ami.Message) { p.send(answer(a, "Success", "MixMonitorID: 0x1")) }

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

// served is a PBX in front of a switchboard.
type served struct {
	*ami.PBX
	*switchboard
	stop func()
}

// serveWith starts a PBX with so many action connections and waits until all
// are up.
func serveWith(t *testing.T, actions int, s *switchboard, edit func(*ami.Options)) served {
	t.Helper()
	o := onPipes(t, s.serve)
	if edit != nil {
		edit(&o)
	}
	p, err := ami.NewPBX(ami.Config{Name: "pbx1", Client: o, Actions: actions, Spool: "/spool"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	up, done := make(chan bool), make(chan error, 1)
	once := sync.OnceFunc(func() { close(up) })
	go func() {
		done <- p.Run(ctx, func(e recording.Event) {
			if e.Kind == recording.PBXUp {
				once()
			}
		})
	}()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(stop)
	<-up
	synctest.Wait()
	return served{p, s, stop}
}

func recordingID(n int) recording.ID {
	return recording.ID(fmt.Sprintf("01a1fddd-8d7a-749c-81ce-%012x", n))
}

// begin starts recording n on a channel.
func (s served) begin(ctx context.Context, channel string, n int) error {
	_, err := s.Record(ctx, recording.Channel{UniqueID: channel}, recordingID(n))
	return err
}

func (s served) end(ctx context.Context, channel string) error {
	return s.Stop(ctx, recording.Recording{ID: recordingID(0), UniqueID: channel, Handle: "0x1", Recorder: ami.MixMonitor})
}

// TestSlowActionDelaysNobody: while one action takes three seconds, those on
// other channels take no time.
func TestSlowActionDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveWith(t, 2, &switchboard{answers: func(p *peer, a ami.Message) {
			if a.Get("Channel") == "1.1" {
				time.Sleep(3 * time.Second)
			}
			started(p, a)
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
		s := serveWith(t, 0, &switchboard{answers: func(p *peer, a ami.Message) {
			time.Sleep(time.Second)
			started(p, a)
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
		s := serveWith(t, 2, &switchboard{answers: func(p *peer, a ami.Message) {
			if a.Get("Action") == "MixMonitor" {
				time.Sleep(2 * time.Second)
				answered = time.Now()
			} else if answered.IsZero() {
				t.Error("the stop came while the start was under way")
			}
			started(p, a)
		}}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.begin(ctx, "1.1", 1); !errors.Is(err, recording.ErrUncertain) {
			t.Errorf("a start that was given up: %v, want ErrUncertain", err)
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
		s := serveWith(t, 2, &switchboard{answers: func(p *peer, a ami.Message) {
			if lost.IsZero() {
				lost = time.Now()
				_ = p.Close()
				return
			}
			started(p, a)
		}}, nil)
		if err := s.begin(t.Context(), "1.1", 1); !errors.Is(err, recording.ErrUncertain) {
			t.Errorf("start: %v, want ErrUncertain", err)
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
		if h := s.Health(); !h.Up || !h.Connected || h.Actions != 0 || h.Wanted != 2 {
			t.Errorf("health %+v", h)
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
		s := serveWith(t, 2, &switchboard{answers: func(p *peer, a ami.Message) {
			time.Sleep(3500 * time.Millisecond)
			started(p, a)
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
		if recording.CodeOf(err) != recording.Unavailable || errors.Is(err, recording.ErrUncertain) || !errors.Is(err, ami.ErrBusy) {
			t.Errorf("start: %v, want a refusal that is certain", err)
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
		s := serveWith(t, 1, &switchboard{answers: func(p *peer, a ami.Message) {
			time.Sleep(time.Minute)
		}}, nil)
		begin := time.Now()
		var all sync.WaitGroup
		for range 5 { // on one channel: one is under way
			all.Go(func() {
				err := s.end(t.Context(), "1.1")
				if recording.CodeOf(err) != recording.Unavailable || time.Since(begin) != 0 {
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
