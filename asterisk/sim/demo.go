package sim

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// DemoScene is the telephone traffic of the demo: a call of 410 with 411 that
// has no end of its own, and calls of 500 with 501 that last 20 seconds. Each
// begins again a few seconds after it ended, however it did.
type DemoScene struct {
	s     *Server
	lines []demoLine
}

// demoLine is a call that is made again and again.
type demoLine struct {
	from, to string
	lasts    time.Duration
	pause    time.Duration
	call     *Call
}

// NewDemoScene makes the first calls at once, so that they can be shown
// before Run.
func NewDemoScene(s *Server) (*DemoScene, error) {
	d := &DemoScene{s: s, lines: []demoLine{
		{from: "410", to: "411", pause: 2 * time.Second},
		{from: "500", to: "501", lasts: 20 * time.Second, pause: 4 * time.Second},
	}}
	for i := range d.lines {
		if err := d.lines[i].dial(s); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (l *demoLine) dial(s *Server) error {
	call, err := s.Call(l.from, l.to, CallOptions{Duration: l.lasts})
	l.call = call
	return err
}

// Run makes calls again when they have ended, until ctx ends. It returns nil
// then.
func (d *DemoScene) Run(ctx context.Context) error {
	var lines sync.WaitGroup
	for i := range d.lines {
		lines.Go(func() { d.lines[i].repeat(ctx, d.s) })
	}
	lines.Wait()
	return nil
}

// repeat makes the call again whenever it is over.
func (l *demoLine) repeat(ctx context.Context, s *Server) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.call.Done():
		}
		if !sleep(ctx, l.pause) {
			return
		}
		if err := l.dial(s); err != nil { // cannot happen with these extensions
			s.o.Log.Error("demo call failed", slog.Any("err", err))
			return
		}
	}
}
