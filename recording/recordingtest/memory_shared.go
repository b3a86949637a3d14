package recordingtest

import (
	"context"
	"time"

	"recgate/recording"
)

// lease is who holds a name, and until when.
type lease struct {
	holder string
	until  time.Time
}

// channelTaken refuses a recording of a channel that is being recorded. The
// caller holds s.mu.
func (s *memory) channelTaken(r recording.Recording) error {
	for _, other := range s.rows {
		begun := other.State == recording.Starting || other.State == recording.Running
		if begun && other.PBX == r.PBX && other.UniqueID == r.UniqueID {
			return recording.Errorf(recording.Conflict, "the channel %q of the PBX %q is already being recorded", r.UniqueID, r.PBX)
		}
	}
	return nil
}

// TryLease implements job.Leases.
func (s shares) TryLease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "TryLease"); err != nil {
		return false, err
	}
	now := time.Now()
	if l, taken := s.leases[name]; taken && l.holder != holder && now.Before(l.until) {
		return false, nil
	}
	s.leases[name] = lease{holder, now.Add(ttl)}
	return true, nil
}

// Renew implements job.Leases.
func (s shares) Renew(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Renew"); err != nil {
		return false, err
	}
	if l, taken := s.leases[name]; !taken || l.holder != holder {
		return false, nil
	}
	s.leases[name] = lease{holder, time.Now().Add(ttl)}
	return true, nil
}

// Release implements job.Leases.
func (s shares) Release(ctx context.Context, name, holder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Release"); err != nil {
		return err
	}
	if s.leases[name].holder == holder {
		delete(s.leases, name)
	}
	return nil
}
