package authtest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/auth"
	"recgate/recording"
)

// Keys is what the commands for keys need besides auth.Store.
type Keys interface {
	auth.Store
	// AddKey adds a key; a name that is taken, by a revoked one too, is a Conflict.
	AddKey(ctx context.Context, k auth.Key) error
	// RevokeKey revokes a key forever; NotFound when there is none. One that
	// is revoked already stays so since the first time.
	RevokeKey(ctx context.Context, name string, at time.Time) error
	// ForgetKey removes a key, which frees its name; NotFound when there is none.
	ForgetKey(ctx context.Context, name string) error
}

// TestKeys demands of what open returns, empty each time, all that Keys says.
func TestKeys(t *testing.T, open func(t *testing.T) Keys) {
	for name, test := range map[string]func(*testing.T, Keys){"added": added, "revoked and forgotten": revoked, "used": used} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// at is when the keys of the tests are made.
var at = time.UnixMilli(1_772_000_000_123)

func made(t *testing.T, name string, methods ...string) auth.Key {
	t.Helper()
	k, _, err := auth.New(name, methods, at, bytes.NewReader(append([]byte(name), make([]byte, 64)...)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// has demands exactly these keys, in this order.
func has(t *testing.T, s Keys, keys ...auth.Key) {
	t.Helper()
	got, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got)+len(keys) == 0 {
		return
	}
	if diff := cmp.Diff(keys, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func refused(t *testing.T, c recording.Code, err error) {
	t.Helper()
	if err == nil || recording.CodeOf(err) != c {
		t.Errorf("the error is %v, want code %v", err, c)
	}
}

func added(t *testing.T, s Keys) {
	ctx := t.Context()
	has(t, s)
	b, a, upper := made(t, "b", "stop", "start"), made(t, "a"), made(t, "A", "retrieve")
	for _, k := range []auth.Key{b, a, upper} {
		done(t, s.AddKey(ctx, k))
	}
	has(t, s, upper, a, b) // names differ by case
	refused(t, recording.Conflict, s.AddKey(ctx, made(t, "b")))
	has(t, s, upper, a, b)
}

func revoked(t *testing.T, s Keys) {
	ctx, k := t.Context(), made(t, "crm")
	done(t, s.AddKey(ctx, k))
	done(t, s.RevokeKey(ctx, "crm", at.Add(time.Hour)))
	done(t, s.RevokeKey(ctx, "crm", at.Add(2*time.Hour)))
	k.RevokedAt = at.Add(time.Hour)
	has(t, s, k)
	refused(t, recording.Conflict, s.AddKey(ctx, made(t, "crm")))
	refused(t, recording.NotFound, s.RevokeKey(ctx, "CRM", at))
	refused(t, recording.NotFound, s.ForgetKey(ctx, "cr"))
	done(t, s.ForgetKey(ctx, "crm"))
	has(t, s)
	refused(t, recording.NotFound, s.RevokeKey(ctx, "crm", at))
	done(t, s.AddKey(ctx, made(t, "crm")))
}

func used(t *testing.T, s Keys) {
	ctx, k, other := t.Context(), made(t, "crm"), made(t, "other")
	done(t, s.AddKey(ctx, k))
	done(t, s.AddKey(ctx, other))
	done(t, s.KeyUsed(ctx, "crm", at.Add(time.Minute)))
	done(t, s.KeyUsed(ctx, "crm", at)) // a slower process
	done(t, s.KeyUsed(ctx, "none", at))
	k.LastUsedAt = at.Add(time.Minute)
	has(t, s, k, other)
}
