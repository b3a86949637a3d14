package recorder

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"recgate/book"
	"recgate/job"
	"recgate/recording"
)

// What is done at the same time. The archive may be slow or silent: what waits
// for it has workers of its own, so that no event, limit, sweep or connection
// is ever behind it.
const (
	followers  = 4 // follow events, sweep, settle and end what is overlong
	collectors = 4 // put recordings into the archive: few enough for a small disk
	comparers  = 2 // compare spools and archive with the rows
)

// Run follows the PBXs, collects and settles until ctx ends. Recordings that
// run then are left running: the next Run takes them over.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var first error
	var once sync.Once
	for _, p := range s.pbxs {
		wg.Go(func() {
			if err := p.Events.Run(ctx, func(e recording.Event) { s.follow(p, e) }); err != nil {
				once.Do(func() { first = err })
				cancel()
			}
		})
		s.sweep(p, 0)
		s.lookBack(p, 0)
	}
	s.lookThrough(0)
	wg.Go(func() { s.work.Run(ctx, followers) })
	wg.Go(func() { s.collects.Run(ctx, collectors) })
	wg.Go(func() { s.compares.Run(ctx, comparers) })
	wg.Wait()
	return first
}

// Figures are what is open in the service, for metrics. With several processes
// each knows the recordings of all of them, at most a minute late.
func (s *Service) Figures() book.Figures { return s.book.Figures() }

// LastStart returns why the last start on a PBX left no file, if that was
// within half a minute and no start has worked since; else nil. It says more
// than the PBX can, which takes every start for a success.
func (s *Service) LastStart(pbx string) error { return s.book.LastStart(pbx, s.o.Now()) }

// Waiting returns how many recordings wait to be collected, for metrics.
func (s *Service) Waiting() int { return s.collects.Waiting(collecting) }

// sweep looks after a delay at all that is unfinished on a PBX, and then
// again and again.
func (s *Service) sweep(p recording.PBX, delay time.Duration) {
	s.work.Add(delay, "sweep "+p.Name, func(ctx context.Context) {
		mine, err := s.claims.Do(ctx, "sweep "+p.Name, func(ctx context.Context) error { return s.settleAll(ctx, p) })
		if err != nil && ctx.Err() == nil && recording.CodeOf(err) != recording.Unavailable {
			s.o.Log.ErrorContext(ctx, "unfinished recordings not settled", slog.String("pbx", p.Name), slog.Any("err", err))
		}
		if !mine {
			s.sweep(p, job.AskAgain)
			return
		}
		s.sweep(p, s.o.Sweep)
	})
}

// follow takes one event of a PBX. It only queues: the PBX waits for it.
func (s *Service) follow(p recording.PBX, e recording.Event) {
	channel, call := s.book.Watches(e.Channel)
	switch e.Kind {
	case recording.PBXUp:
		s.sweep(p, 0)
		s.lookBack(p, 0)
	case recording.PBXDown: // the next PBXUp sees to what is missed meanwhile
	case recording.ChannelAnswered, recording.ChannelHungUp:
		if channel || call {
			s.soon(e, func(ctx context.Context) error { return s.note(ctx, p, e) })
		}
	case recording.RecordingMoved:
		if channel {
			s.soon(e, func(ctx context.Context) error { return s.moved(ctx, p, e) })
		}
	case recording.RecordingEnded:
		if channel {
			s.soon(e, func(ctx context.Context) error { return s.endedByPBX(ctx, p, e) })
		}
	}
}

// soon does what an event asks for, after what earlier events of the same
// channel ask for. What fails is tried again: behind what came meanwhile, for
// a database that is away keeps all of them waiting anyway.
func (s *Service) soon(e recording.Event, do func(context.Context) error) {
	s.inTurn(e, 0, do)
}

func (s *Service) inTurn(e recording.Event, tries int, do func(context.Context) error) {
	key := channelKey{e.PBX, e.Channel.UniqueID}
	first := s.turns.add(key, func(ctx context.Context) {
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if tries == 0 && !s.steps.Raced(err) {
			s.o.Log.WarnContext(ctx, "event not followed for now", slog.String("pbx", e.PBX), slog.String("call", e.Channel.UniqueID), slog.Any("err", err))
		}
		name := fmt.Sprintf("again %d %s %s", e.Kind, e.PBX, e.Channel.UniqueID)
		s.work.Add(time.Second, name, func(context.Context) { s.inTurn(e, tries+1, do) })
	})
	if first {
		s.work.Add(0, "events "+e.PBX+" "+e.Channel.UniqueID, func(ctx context.Context) { s.turns.run(ctx, key) })
	}
}
