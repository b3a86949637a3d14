package ami

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	b := backoff{min: time.Second, max: 4 * time.Second, refused: 20 * time.Second, random: bytes.NewReader(nil)} // no jitter
	away := errors.New("connection refused")
	refused := fmt.Errorf("log in: %w", ErrAuth)
	steps := []struct {
		err   error
		stood time.Duration
		want  time.Duration
	}{
		{away, 0, time.Second},
		{away, 0, 2 * time.Second},
		{away, 0, 4 * time.Second},
		{away, 0, 4 * time.Second},
		{away, time.Second, 4 * time.Second}, // it stood shorter than the wait before it
		{away, 5 * time.Second, time.Second},
		{refused, 0, 4 * time.Second},
		{refused, 0, 8 * time.Second},
		{refused, 0, 16 * time.Second},
		{refused, 0, 20 * time.Second},
		{away, 0, 4 * time.Second},
		{away, time.Hour, time.Second},
	}
	for i, s := range steps {
		if got := b.next(s.err, s.stood); got != s.want {
			t.Errorf("step %d: wait %v, want %v", i, got, s.want)
		}
	}
}

func TestBackoffJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		b := backoff{min: time.Second, max: time.Second, refused: time.Second, random: rand.Reader}
		wait := b.next(nil, 0)
		if wait < time.Second/2 || wait > time.Second {
			t.Fatalf("wait %v is outside half a second to one", wait)
		}
		seen[wait] = true
	}
	if len(seen) < 50 {
		t.Errorf("only %d different waits of 100", len(seen))
	}
}
