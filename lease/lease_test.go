package lease_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"recgate/lease"
)

// TestKeep: work ends with its lease, and continues while the lease is renewed.
func TestKeep(t *testing.T) {
	const ttl, long = 12 * time.Second, time.Minute
	away := errors.New("the database cannot be reached")
	for _, tt := range []struct {
		name    string
		patient bool
		mine    bool // what renewals say after two good ones
		err     error
		lost    error
		took    time.Duration
	}{
		{"renewed", false, true, nil, nil, long},
		{"taken", false, false, nil, lease.ErrHeldElsewhere, 9 * time.Second},
		{"not renewed", false, false, away, lease.ErrNotRenewed, 18 * time.Second},
		{"not renewed and patient", true, false, away, nil, long},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, renewals := time.Now(), 0
				l := lease.Lease{For: ttl, Patient: tt.patient, Renew: func(context.Context) (bool, error) {
					if renewals++; renewals <= 2 {
						return true, nil
					}
					return tt.mine, tt.err
				}}
				lost, err := l.Keep(t.Context(), began, func(ctx context.Context) error {
					select {
					case <-ctx.Done():
					case <-time.After(long):
					}
					return away
				})
				if took := time.Since(began); !errors.Is(lost, tt.lost) || !errors.Is(err, away) || took != tt.took {
					t.Errorf("lost %v, error %v after %v; want lost %v after %v", lost, err, took, tt.lost, tt.took)
				}
			})
		})
	}
}
