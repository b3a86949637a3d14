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
	for name, test := range map[string]func(*testing.T, Keys){"added": testAdd, "revoked and forgotten": testRevoke, "used": testUse} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// at is when the keys of the tests are made.
var at = time.UnixMilli(1_772_000_000_123)

func newKey(t *testing.T, name string, methods ...string) auth.Key {
	t.Helper()
	k, _, err := auth.New(name, methods, at, bytes.NewReader(append([]byte(name), make([]byte, 64)...)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// wantKeys demands exactly these keys, in this order.
func wantKeys(t *testing.T, s Keys, keys ...auth.Key) {
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

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func wantCode(t *testing.T, c recording.Code, err error) {
	t.Helper()
	if err == nil || recording.CodeOf(err) != c {
		t.Errorf("the error is %v, want code %v", err, c)
	}
}

func testAdd(t *testing.T, s Keys) {
	ctx := t.Context()
	wantKeys(t, s)
	b, a, upper := newKey(t, "b", "stop", "start"), newKey(t, "a"), newKey(t, "A", "retrieve")
	for _, k := range []auth.Key{b, a, upper} {
		wantNoError(t, s.AddKey(ctx, k))
	}
	wantKeys(t, s, upper, a, b) // names differ by case
	wantCode(t, recording.Conflict, s.AddKey(ctx, newKey(t, "b")))
	wantKeys(t, s, upper, a, b)
}

func testRevoke(t *testing.T, s Keys) {
	ctx, k := t.Context(), newKey(t, "crm")
	wantNoError(t, s.AddKey(ctx, k))
	wantNoError(t, s.RevokeKey(ctx, "crm", at.Add(time.Hour)))
	wantNoError(t, s.RevokeKey(ctx, "crm", at.Add(2*time.Hour)))
	k.RevokedAt = at.Add(time.Hour)
	wantKeys(t, s, k)
	wantCode(t, recording.Conflict, s.AddKey(ctx, newKey(t, "crm")))
	wantCode(t, recording.NotFound, s.RevokeKey(ctx, "CRM", at))
	wantCode(t, recording.NotFound, s.ForgetKey(ctx, "cr"))
	wantNoError(t, s.ForgetKey(ctx, "crm"))
	wantKeys(t, s)
	wantCode(t, recording.NotFound, s.RevokeKey(ctx, "crm", at))
	wantNoError(t, s.AddKey(ctx, newKey(t, "crm")))
}

func testUse(t *testing.T, s Keys) {
	ctx, k, other := t.Context(), newKey(t, "crm"), newKey(t, "other")
	wantNoError(t, s.AddKey(ctx, k))
	wantNoError(t, s.AddKey(ctx, other))
	wantNoError(t, s.KeyUsed(ctx, "crm", at.Add(time.Minute)))
	wantNoError(t, s.KeyUsed(ctx, "crm", at)) // a slower process
	wantNoError(t, s.KeyUsed(ctx, "none", at))
	k.LastUsedAt = at.Add(time.Minute)
	wantKeys(t, s, k, other)
}
