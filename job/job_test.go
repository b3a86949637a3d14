package job_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"recgate/job"
	"recgate/recording"
	"recgate/recording/recordingtest"
)

// Adding a name that waits already makes no second job, and the earlier time
// counts.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done []string
		q, began := job.NewSchedule(), time.Now()
		add := func(delay time.Duration, name, says string) {
			q.Add(delay, name, func(context.Context) { done = append(done, says+" "+time.Since(began).String()) })
		}
		add(3*time.Second, "b", "late")
		add(2*time.Second, "a", "first")
		add(time.Second, "b", "early")
		add(9*time.Second, "a", "never")
		if n := q.Waiting("a") + q.Waiting("b"); n != 2 {
			t.Errorf("%d jobs wait", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		q.Run(ctx, 1)
		if want := []string{"early 1s", "first 2s"}; !slices.Equal(done, want) {
			t.Errorf("done: %q, want %q", done, want)
		}
	})
}

// One at a time has a lock, and who waits for it leaves with the context.
func TestLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var locks job.Locks[string]
		unlock, err := locks.Lock(t.Context(), "410")
		if err != nil {
			t.Fatal(err)
		}
		other, err := locks.Lock(t.Context(), "411")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := locks.Lock(ctx, "410"); recording.CodeOf(err) != recording.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second lock: %v", err)
		}
		got := make(chan func(), 1)
		go func() {
			next, err := locks.Lock(t.Context(), "410")
			if err != nil {
				t.Error(err)
			}
			got <- next
		}()
		synctest.Wait()
		unlock()
		(<-got)()
		other()
		if n := locks.Held(); n != 0 {
			t.Errorf("%d locks are kept", n)
		}
	})
}

// Of two processes one does the work of a name; one that is alone asks nobody.
func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, log := recordingtest.NewStore(), slog.New(slog.DiscardHandler)
		one, two := job.Claims{Leases: store, Holder: "one", Log: log}, job.Claims{Leases: store, Holder: "two", Log: log}
		mine, err := one.Do(t.Context(), "sweep", func(ctx context.Context) error {
			time.Sleep(time.Minute) // it is renewed
			for name, want := range map[string]bool{"sweep": false, "other": true} {
				if mine, err := two.Do(ctx, name, func(context.Context) error { return nil }); mine != want || err != nil {
					t.Errorf("the second process does %s: %v, %v", name, mine, err)
				}
			}
			return ctx.Err()
		})
		if !mine || err != nil {
			t.Errorf("the first process: %v, %v", mine, err)
		}
		if mine, err := two.Do(t.Context(), "sweep", func(context.Context) error { return nil }); !mine || err != nil {
			t.Errorf("after it was given back: %v, %v", mine, err)
		}
		store.Break("TryLease")
		if mine, err := (job.Claims{}).Do(t.Context(), "sweep", func(context.Context) error { return nil }); !mine || err != nil {
			t.Errorf("a process that is alone: %v, %v", mine, err)
		}
	})
}
