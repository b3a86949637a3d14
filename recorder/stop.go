package recorder

import (
	"context"
	"time"

	"recgate/recording"
)

// Stop ends what recgate records on the channel that the target means, else
// what it records in the same call, and nothing else: recordings of the
// PBX's own are not touched. Errors: Forbidden, Invalid, NotFound (no such live
// channel, or nothing to stop), Conflict (live on two PBXs), Unavailable.
func (s *Service) Stop(ctx context.Context, r recording.StopRequest) (recording.Recording, error) {
	if err := r.Actor.May(recording.MethodStop); err != nil {
		return recording.Recording{}, err
	}
	rec, err := s.stop(ctx, r)
	s.o.Happened(recording.Happening{Kind: recording.Stopped, Recording: rec, Err: err})
	return rec, err
}

func (s *Service) stop(ctx context.Context, r recording.StopRequest) (recording.Recording, error) {
	t, err := s.target(r.Target, r.PBX)
	if err != nil {
		return recording.Recording{}, err
	}
	ctx, cancel := s.own(ctx)
	defer cancel()
	found, err := s.find(ctx, t)
	if err != nil {
		return recording.Recording{}, err
	}
	for _, look := range []func(context.Context, live) ([]live, error){itself, callMates} {
		for _, c := range found {
			channels, err := look(ctx, c)
			if err != nil {
				return recording.Recording{}, err
			}
			for _, c := range channels {
				if rec, ok, err := s.stopOn(ctx, c, r.Actor.Remote); ok || err != nil {
					return rec, err
				}
			}
		}
	}
	return recording.Recording{}, recording.Errorf(recording.NotFound, "nothing is being recorded on %q or in its call", t.Text)
}

func itself(_ context.Context, c live) ([]live, error) { return []live{c}, nil }

func callMates(ctx context.Context, c live) ([]live, error) {
	peers, err := c.on.Switch.Peers(ctx, c.Channel)
	if err != nil {
		return nil, err
	}
	var mates []live
	for _, p := range peers {
		if p.UniqueID != c.UniqueID {
			mates = append(mates, live{p, c.on})
		}
	}
	return mates, nil
}

// stopOn ends the recording of one channel; ok is false when there is none.
func (s *Service) stopOn(ctx context.Context, c live, remote string) (rec recording.Recording, ok bool, err error) {
	unlock, err := s.locks.Lock(ctx, channelKey{c.on.Name, c.UniqueID})
	if err != nil {
		return rec, false, err
	}
	defer unlock()
	running, err := s.running(ctx, c)
	if err != nil || running == nil {
		return rec, false, err
	}
	rec = *running
	step := recording.Step{Reason: recording.Reason{Code: recording.ReasonStopped}}
	if remote != "" {
		step.Said = "asked for by " + remote
	}
	return rec, true, s.stopNow(ctx, c.on, &rec, step)
}

// ended makes the step to Collecting and has the files collected.
func (s *Service) ended(ctx context.Context, rec *recording.Recording, reason recording.Reason, at time.Time) error {
	step := recording.Step{To: recording.Collecting, Reason: reason, StoppedAt: at}
	if err := s.steps.Advance(ctx, rec, step); err != nil {
		if now, over := s.steps.Overtaken(ctx, rec.ID, err, recording.Starting, recording.Running); over {
			*rec = now
			return nil
		}
		return err
	}
	s.over(ctx, *rec)
	return nil
}
