package ami_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"recgate/ami"
	"recgate/internal/await"
)

// running is a client that runs until the test ends.
type running struct {
	*ami.Client
	signals chan ami.Signal
	stop    func() // ends Run and waits for it
}

// run starts a client whose listener keeps every signal in a channel.
func run(t testing.TB, o ami.Options) running {
	t.Helper()
	signals := make(chan ami.Signal, 100_000)
	return runWith(t, o, signals, func(s ami.Signal) { signals <- s })
}

func runWith(t testing.TB, o ami.Options, signals chan ami.Signal, tell func(ami.Signal)) running {
	t.Helper()
	c := ami.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, tell) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(stop)
	return running{c, signals, stop}
}

// next returns the next signal, which must be of this kind.
func (r running) next(t testing.TB, kind ami.SignalKind) ami.Signal {
	t.Helper()
	select {
	case s := <-r.signals:
		if s.Kind != kind {
			t.Fatalf("signal %+v, want kind %d", s, kind)
		}
		return s
	case <-time.After(10 * time.Second):
		_, err := r.State()
		t.Fatalf("no signal of kind %d came; the last error is %v", kind, err)
		return ami.Signal{}
	}
}

// logInto returns a logger that writes everything into b.
func logInto(b io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
