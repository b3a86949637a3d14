package ami_test

import (
	"context"
	"fmt"
	"testing"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// TestSlowListener: while the listener hangs, 20,000 events come in; actions
// are answered all the same, and every event is heard or counted.
func TestSlowListener(t *testing.T) {
	const (
		queue = 100
		sent  = 20_000
	)
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		if a.Get("Action") == "Flood" {
			for n := range sent {
				p.Send([]string{"Event: Newstate", fmt.Sprintf("N: %d", n)})
			}
		}
		amitest.Succeed(p, a)
	}))
	o.Queue = queue
	release, signals := make(chan struct{}), make(chan ami.Signal, sent)
	c := runWith(t, o, signals, func(s ami.Signal) {
		if s.Kind == ami.SignalEvent {
			<-release
		}
		signals <- s
	})
	c.next(t, ami.SignalUp)
	for _, action := range []string{"Flood", "Ping", "Ping"} {
		if _, err := c.Do(t.Context(), ami.NewAction(action)); err != nil {
			t.Fatalf("%s while the listener hangs: %v", action, err)
		}
	}
	if got := c.Dropped(); got < sent-queue-1 || got >= sent {
		t.Errorf("%d dropped of %d", got, sent)
	}
	close(release)
	heard, dropped := 0, 0
	for heard+dropped < sent {
		switch s := await.From(t, "the next signal", c.signals); s.Kind {
		case ami.SignalEvent:
			if dropped > 0 {
				t.Fatalf("event %s after the gap", s.Message.Get("N"))
			}
			if got := s.Message.Get("N"); got != fmt.Sprint(heard) {
				t.Fatalf("event %s in place %d", got, heard)
			}
			heard++
		case ami.SignalDropped:
			dropped += s.Dropped
		default:
			t.Fatalf("signal %+v", s)
		}
	}
	if int64(dropped) != c.Dropped() {
		t.Errorf("told of %d dropped events, %d are counted", dropped, c.Dropped())
	}
}

// TestAskInsideTell: a listener may ask the server, as it must after a gap.
func TestAskInsideTell(t *testing.T) {
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		p.Send(
			[]string{"Event: Newchannel"}, amitest.Answer(a, "Success", "EventList: start"),
			[]string{"Event: Status", "ActionID: " + a.Get("ActionID")},
			[]string{"Event: StatusComplete", "ActionID: " + a.Get("ActionID"), "EventList: Complete"},
		)
	}))
	var c running
	ready, rows := make(chan struct{}), make(chan int, 3)
	c = runWith(t, o, nil, func(s ami.Signal) {
		<-ready
		if s.Kind == ami.SignalUp {
			for range 3 {
				got, err := c.List(context.Background(), ami.NewAction("Status"))
				if err != nil {
					t.Error(err)
				}
				rows <- len(got)
			}
		}
	})
	close(ready)
	for range 3 {
		if n := await.From(t, "the count of rows", rows); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	}
}
