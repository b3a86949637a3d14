package asterisk_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"recgate/ami/amitest"
	"recgate/asterisk"
	"recgate/internal/await"
	"recgate/recording"
)

// busyServer is a scripted Asterisk that sends traffic as fast as it can be
// read, and answers meanwhile.
type busyServer struct {
	mu       sync.Mutex // guards what follows, and the order on the wire
	traffic  *traffic
	listings int
	bytes    int64
	sent     chan struct{} // closed when all is sent
}

// serve sends events, at least so many, after the first listing.
func (s *busyServer) serve(p *amitest.Peer, events int) {
	if _, ok := p.Login(); !ok {
		return
	}
	var writing sync.WaitGroup
	defer writing.Wait()
	begin := sync.OnceFunc(func() { writing.Go(func() { s.flood(p, events) }) })
	for a, ok := p.Action(); ok; a, ok = p.Action() {
		switch a.Get("Action") {
		case "CoreShowChannels":
			s.mu.Lock()
			s.listings++
			s.traffic.list(a.Get("ActionID"))
			s.flush(p)
			s.mu.Unlock()
			begin()
		case "ListCommands":
			s.send(p, amitest.Answer(a, "Success", "MixMonitor: Record", "StopMixMonitor: Stop", "CoreShowChannels: List", "Getvar: Get"))
		default:
			s.send(p, amitest.Answer(a, "Success"))
		}
	}
}

func (s *busyServer) send(p *amitest.Peer, m []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Send(m)
}

func (s *busyServer) flood(p *amitest.Peer, events int) {
	for more := true; more; {
		s.mu.Lock()
		for more = s.traffic.events < events; more && s.traffic.out.Len() < 16<<10; more = s.traffic.events < events {
			s.traffic.step()
		}
		failed := s.flush(p)
		s.mu.Unlock()
		if failed != nil {
			return
		}
	}
	close(s.sent)
}

func (s *busyServer) flush(p *amitest.Peer) error {
	n, err := p.Write(s.traffic.out.Bytes())
	s.bytes += int64(n)
	s.traffic.out.Reset()
	return err
}

// TestEventsAtFullSpeed sends 200,000 events as fast as the connection takes
// them. At the end the table is true. Once as on every day, once with a small
// queue and a core that hangs now and then, so that events are dropped: then
// they are counted, and the table is built again each time. The reader waits for
// nobody, so pings are answered all the while.
func TestEventsAtFullSpeed(t *testing.T) {
	for name, queue := range map[string]int{"the usual queue": 0, "a queue that overflows": 20} {
		t.Run(name, func(t *testing.T) {
			events, live := 200_000/slowness, 1000
			if queue > 0 {
				events, live = 50_000/slowness, 200 // many listings
			}
			s := &busyServer{traffic: newTraffic(1, live), sent: make(chan struct{})}
			o := amitest.OnLoopback(t, func(p *amitest.Peer) { s.serve(p, events) })
			o.Queue, o.PingInterval, o.PingTimeout, o.ActionTimeout = queue, 50*time.Millisecond, time.Minute, time.Minute
			p, err := asterisk.New(asterisk.Config{Name: "pbx1", Client: o, Spool: "/spool"})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			told := 0
			follow(t, p, func(recording.Event) {
				if told++; queue == 0 || told%500 != 0 {
					return
				}
				for until := p.Health().Events + 100; p.Health().Events < until && !s.isSent(); {
					time.Sleep(time.Millisecond) // the core hangs while 100 events come
				}
			})
			<-s.sent
			await.Until(t, "all events to be read", func() bool {
				h := p.Health()
				return h.Events == int64(s.traffic.events) && h.Lag == 0 && h.Up
			})
			took, h := time.Since(begin), p.Health()
			s.mu.Lock()
			bytes, listings := s.bytes, s.listings
			s.mu.Unlock()
			t.Logf("%d events (%d bytes each) in %v: %.0f a second; %d dropped, %d listings, ping %v",
				events, bytes/int64(events), took, float64(events)/took.Seconds(), h.Dropped, listings, h.Ping)
			await.Until(t, "the table to be true", func() bool { // the last event may be under way to it
				var failed atomic.Bool // on a busy machine the channels may not be listed in time
				difference := s.traffic.differs(s.traffic.known(t, func(id string) []recording.Channel {
					found, err := p.Find(t.Context(), recording.Target{Text: id, Name: id})
					if err != nil {
						failed.Store(true)
					}
					return found
				}), h.Dropped > 0)
				if difference != "" {
					t.Logf("the table (-true +known):\n%.1000s", difference)
				}
				return difference == "" && !failed.Load()
			})
			if h.Reconnects > 0 || h.Ping == 0 {
				t.Errorf("health %+v: want one connection with answered pings", h)
			}
			if h.Dropped > 0 && listings < 2 {
				t.Errorf("%d events were dropped, and the channels were not listed again", h.Dropped)
			}
			if queue > 0 && h.Dropped == 0 {
				t.Error("no event was dropped: the test shows nothing")
			}
		})
	}
}

// isSent reports whether all events were sent.
func (s *busyServer) isSent() bool {
	select {
	case <-s.sent:
		return true
	default:
		return false
	}
}

// follow runs a PBX until the test ends.
func follow(t testing.TB, p *asterisk.PBX, tell func(recording.Event)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, tell) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}
