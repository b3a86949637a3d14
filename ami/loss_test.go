package ami_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// TestLossFailsAllPending: 50 actions wait when the server closes; all fail
// without any time passing, and so does whatever is asked before it is back.
func TestLossFailsAllPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const parallel = 50
		asked := 0
		o := amitest.OnPipes(t, func(p *amitest.Peer) {
			if p.N > 1 {
				return
			}
			p.Login()
			for ; asked < parallel; asked++ {
				p.Action()
			}
		})
		c := run(t, o)
		c.next(t, ami.SignalUp)
		begin := time.Now()
		var all sync.WaitGroup
		for n := range parallel {
			all.Go(func() {
				ask := c.Do
				if n%2 == 0 {
					ask = func(ctx context.Context, a ami.Action) (ami.Message, error) {
						_, err := c.List(ctx, a)
						return nil, err
					}
				}
				_, err := ask(t.Context(), ami.NewAction("CoreShowChannels"))
				if !errors.Is(err, ami.ErrLost) || !errors.Is(err, ami.ErrDown) || errors.Is(err, ami.ErrTimeout) {
					t.Errorf("action %d: %v, want ErrLost", n, err)
				}
			})
		}
		await.Return(t, "all callers to return", all.Wait)
		if took := time.Since(begin); took != 0 {
			t.Errorf("the last action failed after %v, want at once", took)
		}
		down := c.next(t, ami.SignalDown)
		if down.Err == nil {
			t.Error("Down without a reason")
		}
		if up, err := c.State(); up || err == nil {
			t.Errorf("State = %v, %v", up, err)
		}
		_, err := c.Do(t.Context(), ami.NewAction("Ping"))
		if !errors.Is(err, ami.ErrDown) || errors.Is(err, ami.ErrLost) {
			t.Errorf("while down: %v, want ErrDown and not ErrLost", err)
		}
		c.stop()
	})
}

func TestNotConnected(t *testing.T) {
	o := amitest.OnLoopback(t, amitest.Obey(amitest.Succeed))
	c := ami.New(o)
	_, err := c.Do(t.Context(), ami.NewAction("Ping"))
	if !errors.Is(err, ami.ErrDown) || errors.Is(err, ami.ErrLost) {
		t.Errorf("before Run: %v, want ErrDown", err)
	}
	r := run(t, o)
	r.next(t, ami.SignalUp)
	if up, err := r.State(); !up || err != nil {
		t.Errorf("State = %v, %v while up", up, err)
	}
	r.stop()
	_, err = r.Do(t.Context(), ami.NewAction("Ping"))
	if !errors.Is(err, ami.ErrDown) {
		t.Errorf("after Run: %v, want ErrDown", err)
	}
	if _, err := r.List(t.Context(), ami.NewAction("Status", "Channel", "1\r\n")); !errors.Is(err, ami.ErrUnsafe) {
		t.Errorf("an unsafe action while down: %v, want ErrUnsafe", err)
	}
	if up, err := r.State(); up || err == nil {
		t.Errorf("State = %v, %v after Run", up, err)
	}
}

func TestRunTwice(t *testing.T) {
	c := run(t, amitest.OnLoopback(t, amitest.Obey(amitest.Succeed)))
	c.next(t, ami.SignalUp)
	if err := c.Run(t.Context(), nil); err == nil {
		t.Error("a second Run began")
	}
	c.stop()
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Run(ctx, func(s ami.Signal) { cancel() }); err != nil {
		t.Errorf("Run after Run: %v", err)
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := amitest.OnPipes(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
			if a.Get("Action") == "Ping" {
				amitest.Succeed(p, a)
			}
		}))
		o.ActionTimeout = 3 * time.Second
		c := run(t, o)
		c.next(t, ami.SignalUp)
		short, cancelShort := context.WithTimeout(t.Context(), time.Second)
		defer cancelShort()
		long, cancelLong := context.WithTimeout(t.Context(), time.Hour)
		defer cancelLong()
		left, leave := context.WithCancel(t.Context())
		leave()
		tests := []struct {
			name string
			ctx  context.Context
			took time.Duration
			want error
		}{
			{"its context", short, time.Second, ami.ErrTimeout},
			{"the client's", long, 3 * time.Second, ami.ErrTimeout},
			{"left already", left, 0, context.Canceled},
		}
		for _, tt := range tests {
			begin := time.Now()
			_, err := c.Do(tt.ctx, ami.NewAction("Getvar"))
			if took := time.Since(begin); took != tt.took || !errors.Is(err, tt.want) || errors.Is(err, ami.ErrDown) {
				t.Errorf("%s: %v after %v, want %v after %v", tt.name, err, took, tt.want, tt.took)
			}
		}
		if up, _ := c.State(); !up {
			t.Error("an action that timed out ended the connection")
		}
		c.stop()
	})
}

// TestHalfOpen: a server that goes silent is noticed by the ping, and the
// client is back as soon as another answers.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := amitest.OnPipes(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
			if p.N == 1 && time.Since(bubbleStart) > 35*time.Second {
				return // as behind a firewall that forgot the connection
			}
			time.Sleep(20 * time.Millisecond) // of the bubble: the round trip
			amitest.Succeed(p, a)
		}))
		o.PingInterval, o.PingTimeout = 10*time.Second, 2*time.Second
		c := run(t, o)
		c.next(t, ami.SignalUp)
		begin := time.Now()
		down := waitSignal(t, c)
		if took := time.Since(begin); down.Kind != ami.SignalDown || took != 42*time.Second {
			t.Errorf("%+v after %v, want Down at the fourth ping, after 42 s", down, took)
		}
		if trip := c.LastPing(); trip != 20*time.Millisecond {
			t.Errorf("round trip %v, want 20 ms", trip)
		}
		if s := waitSignal(t, c); s.Kind != ami.SignalUp || time.Since(begin) > 43*time.Second {
			t.Errorf("%+v, want Up within a second", s)
		}
		if c.ReconnectCount() != 1 {
			t.Errorf("%d reconnects", c.ReconnectCount())
		}
		c.stop()
	})
}

// bubbleStart is when time begins in every synctest bubble.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// waitSignal waits however long it takes: in a bubble that costs nothing.
func waitSignal(t testing.TB, c running) ami.Signal {
	t.Helper()
	select {
	case s := <-c.signals:
		return s
	case <-time.After(24 * time.Hour):
		t.Fatal("no signal in a day")
		return ami.Signal{}
	}
}

// TestServerThatDoesNotRead: the write deadline ends the connection, and
// meanwhile every caller leaves with its own context.
func TestServerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := make(chan struct{})
		o := amitest.OnPipes(t, func(p *amitest.Peer) {
			p.Login()
			<-silent
		})
		t.Cleanup(func() { close(silent) })
		o.WriteTimeout, o.PingInterval = 5*time.Second, time.Hour
		c := run(t, o)
		c.next(t, ami.SignalUp)
		begin := time.Now()
		for n := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := c.Do(ctx, ami.NewAction("Getvar"))
			cancel()
			if took := time.Since(begin); !errors.Is(err, ami.ErrTimeout) || took != time.Duration(n+1)*time.Second {
				t.Errorf("action %d: %v after %v", n, err, took)
			}
		}
		if s := waitSignal(t, c); s.Kind != ami.SignalDown || time.Since(begin) != 5*time.Second {
			t.Errorf("%+v after %v, want Down after 5 s", s, time.Since(begin))
		}
		c.stop()
	})
}

// TestHostileServers: whatever the server sends, the connection is dropped and
// made again, and the memory stays flat.
func TestHostileServers(t *testing.T) {
	mega := strings.Repeat("x", 1<<20)
	for name, flood := range map[string]func(*amitest.Peer) error{
		"endless line": func(p *amitest.Peer) error { _, err := p.Write([]byte(mega)); return err },
		"endless message": func(p *amitest.Peer) error {
			_, err := p.Write([]byte("Variable: x\r\n"))
			return err
		},
		"endless output": func(p *amitest.Peer) error { _, err := p.Write([]byte("\n\n\n\n\n\n\n\n")); return err },
	} {
		t.Run(name, func(t *testing.T) {
			o := amitest.OnLoopback(t, func(p *amitest.Peer) {
				amitest.Obey(func(p *amitest.Peer, a ami.Message) {
					if p.N > 1 {
						amitest.Succeed(p, a)
						return
					}
					if name == "endless output" {
						_, _ = fmt.Fprintf(p, "Response: Follows\r\nActionID: %s\r\n", a.Get("ActionID"))
					}
					for flood(p) == nil {
					}
				})(p)
			})
			o.BackoffMin = time.Millisecond
			c := run(t, o)
			c.next(t, ami.SignalUp)
			_, err := c.Do(t.Context(), ami.NewAction("Command"))
			if !errors.Is(err, ami.ErrLost) {
				t.Errorf("the action during the flood: %v", err)
			}
			if s := c.next(t, ami.SignalDown); !errors.Is(s.Err, ami.ErrProtocol) {
				t.Errorf("Down for %v, want ErrProtocol", s.Err)
			}
			c.next(t, ami.SignalUp)
			if _, err := c.Do(t.Context(), ami.NewAction("Ping")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReconnects: 500 connections, each lost during an action, leave nothing:
// no goroutine and no memory.
func TestReconnects(t *testing.T) {
	const times = 500
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) { _ = p.Close() }))
	o.BackoffMin, o.BackoffMax = time.Microsecond, time.Microsecond
	c := run(t, o)
	goroutines, heap := 0, int64(0)
	for n := range times {
		c.next(t, ami.SignalUp)
		if _, err := c.Do(t.Context(), ami.NewAction("Getvar")); !errors.Is(err, ami.ErrDown) {
			t.Fatalf("connection %d: %v", n, err)
		}
		c.next(t, ami.SignalDown)
		if n == 10 {
			goroutines, heap = runtime.NumGoroutine(), liveHeap()
		}
	}
	await.Until(t, "no more goroutines than after 10 connections", func() bool {
		return runtime.NumGoroutine() <= goroutines+times/10 // the connection that is being made; each one left behind would make hundreds
	})
	c.stop()
	if grown := liveHeap() - heap; grown > 1<<20 { // one connection alone reads through 64 KiB
		t.Errorf("%d bytes more are in use than after 10 connections", grown)
	}
	if got := c.ReconnectCount(); got < times-1 {
		t.Errorf("%d reconnects, want at least %d", got, times-1)
	}
}

// liveHeap returns how many bytes are in use.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what the first one finalised
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestEnd: Run ends at once with its context, wherever it is.
func TestEnd(t *testing.T) {
	scripts := map[string]func(*amitest.Peer){
		"no greeting": func(p *amitest.Peer) { p.Action() },
		"no answer to the login": func(p *amitest.Peer) {
			p.Greet()
			p.Action()
			p.Action()
		},
		"closed at once": func(*amitest.Peer) {},
		"idle":           amitest.Obey(amitest.Succeed),
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := run(t, amitest.OnPipes(t, script))
				synctest.Wait()
				begin := time.Now()
				c.stop()
				if took := time.Since(begin); took != 0 {
					t.Errorf("Run ended after %v", took)
				}
			})
		})
	}
	t.Run("during a flood", func(t *testing.T) {
		o := amitest.OnLoopback(t, func(p *amitest.Peer) {
			p.Login()
			for err := error(nil); err == nil; {
				_, err = p.Write([]byte("Event: X\r\n\r\n"))
			}
		})
		o.Queue = 10
		c := run(t, o)
		c.next(t, ami.SignalUp)
		c.stop()
	})
	t.Run("while dialling", func(t *testing.T) {
		o := amitest.OnLoopback(t, amitest.Obey(amitest.Succeed))
		dialling := make(chan struct{})
		o.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			close(dialling)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		c := run(t, o)
		await.From(t, "the connection to be made", dialling)
		c.stop()
	})
	t.Run("an action waits inside tell", func(t *testing.T) {
		var c running
		ready, asked, told := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		o := amitest.OnLoopback(t, amitest.Obey(func(*amitest.Peer, ami.Message) { close(asked) }))
		o.ActionTimeout = time.Hour
		c = runWith(t, o, nil, func(ami.Signal) {
			<-ready
			_, err := c.Do(context.Background(), ami.NewAction("Getvar"))
			told <- err
		})
		close(ready)
		await.From(t, "the action to arrive", asked)
		c.stop()
		if err := await.From(t, "the action to fail", told); !errors.Is(err, ami.ErrLost) {
			t.Errorf("the action inside tell: %v, want ErrLost", err)
		}
	})
}
