package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"recgate/auth"
	"recgate/auth/authtest"
	"recgate/internal/await"
	"recgate/recording"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	authtest.TestKeys(t, func(*testing.T) authtest.Keys { return &authtest.Memory{} })
}

func TestNew(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 891_234_567, time.UTC)
	k, text, err := auth.New("crm", []string{"retrieve", "start", "start"}, at, bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Key{Name: "crm", Methods: []string{"start", "retrieve"}, Sum: sha256.Sum256([]byte(text)), CreatedAt: at.Truncate(time.Millisecond)}
	if diff := cmp.Diff(want, k); diff != "" {
		t.Error(diff)
	}
	if text != "rgk_"+strings.Repeat("a", 52) {
		t.Errorf("the key is %q", text)
	}
	if k, _, err := auth.New("x", nil, at, rand.Reader); err != nil || len(k.Methods) != 4 {
		t.Errorf("without methods it has %v, %v", k.Methods, err)
	}
	for name, says := range map[string]string{"": "is not a valid name for a key", "a.b": "is not a valid name", "a b": "is not a valid name", "-a": "is not a valid name", strings.Repeat("x", 65): "is not a valid name", "é": "is not a valid name"} {
		if _, _, err := auth.New(name, nil, at, rand.Reader); recording.CodeOf(err) != recording.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, _, err := auth.New("crm", []string{"Start"}, at, rand.Reader); recording.CodeOf(err) != recording.Invalid ||
		err.Error() != `"Start" is not a method: use start, stop, retrieve, retrieveByUniqueId` {
		t.Error(err)
	}
	if _, _, err := auth.New("crm", nil, at, strings.NewReader("short")); err == nil {
		t.Error("a key was made without chance")
	}
}

// add makes a key in a store and returns its text.
func add(t *testing.T, s *authtest.Memory, name string, methods ...string) string {
	t.Helper()
	k, text, err := auth.New(name, methods, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRing(t *testing.T) {
	s := &authtest.Memory{}
	r := auth.NewRing(auth.RingOptions{Store: s, Fixed: []string{"from-the-file", "another"}})
	crm, old := add(t, s, "crm", "start", "stop"), add(t, s, "old")
	if err := s.RevokeKey(t.Context(), "old", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := r.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		texts []string
		name  string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"x"}, ""},
		{[]string{crm}, "crm"},
		{[]string{"x", crm, "y"}, "crm"},
		{[]string{crm + "a"}, ""},
		{[]string{crm[:len(crm)-1]}, ""},
		{[]string{strings.ToUpper(crm)}, ""},
		{[]string{"crm"}, ""},
		{[]string{old}, ""},
		{[]string{old, crm}, "crm"},
		{[]string{"from-the-file"}, "legacy.api_keys.0"},
		{[]string{"another", crm}, "legacy.api_keys.1"},
	} {
		if name, ok := r.Find(tt.texts); name != tt.name || ok != (tt.name != "") {
			t.Errorf("%q: %q %v, want %q", tt.texts, name, ok, tt.name)
		}
	}
	for _, tt := range []struct{ name, method, says string }{
		{"", "retrieve", ""},
		{"crm", "start", ""},
		{"crm", "retrieve", `the key "crm" may not use retrieve: it is for start, stop`},
		{"legacy.api_keys.1", "retrieve", ""},
		{"old", "start", `the key "old" was revoked`},
		{"gone", "start", `the key "gone" was revoked`},
	} {
		err := r.Actor(tt.name).May(tt.method)
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || err.Error() != tt.says || recording.CodeOf(err) != recording.Forbidden) {
			t.Errorf("%q %s: %v, want %q", tt.name, tt.method, err, tt.says)
		}
	}
}

func TestNeeded(t *testing.T) {
	s := &authtest.Memory{}
	none := auth.NewRing(auth.RingOptions{Store: s})
	if none.Needed() {
		t.Error("a key is needed, and there is none")
	}
	if !auth.NewRing(auth.RingOptions{Store: s, Fixed: []string{"k"}}).Needed() || !auth.NewRing(auth.RingOptions{Store: s, Needed: true}).Needed() {
		t.Error("no key is needed, although the configuration says so")
	}
	renewed := func(want bool, when string) {
		t.Helper()
		if err := none.Renew(t.Context()); err != nil || none.Needed() != want {
			t.Errorf("%s a key is needed: %v, %v", when, none.Needed(), err)
		}
	}
	add(t, s, "crm")
	renewed(true, "with one")
	if err := s.RevokeKey(t.Context(), "crm", time.Now()); err != nil {
		t.Fatal(err)
	}
	renewed(true, "with a revoked one")
	s.Fail(errors.New("away"))
	if err := none.Renew(t.Context()); err == nil || !none.Needed() {
		t.Errorf("while the database cannot be reached: %v, %v", err, none.Needed())
	}
	s.Fail(nil)
	if err := s.ForgetKey(t.Context(), "crm"); err != nil {
		t.Fatal(err)
	}
	renewed(false, "with none any more")
}

// TestRun: what happens to keys in the database counts within a second, uses
// are written once a minute, and a database that is away is told of once.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, log := &authtest.Memory{}, &bytes.Buffer{}
		r := auth.NewRing(auth.RingOptions{Store: s, Log: slog.New(slog.NewTextHandler(log, nil))})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		wait := func(d time.Duration) { time.Sleep(d); synctest.Wait() }

		text := add(t, s, "crm")
		wait(1100 * time.Millisecond)
		first := time.Now()
		if _, ok := r.Find([]string{text}); !ok {
			t.Error("a new key does not work after a second")
		}
		used := func() time.Time {
			keys, err := s.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return keys[0].LastUsedAt
		}
		wait(time.Second)
		if !used().Equal(first) {
			t.Errorf("the first use was at %v, kept is %v", first, used())
		}
		wait(30 * time.Second)
		r.Find([]string{text})
		wait(2 * time.Second)
		if !used().Equal(first) {
			t.Errorf("a use half a minute later is written")
		}
		wait(30 * time.Second)
		r.Find([]string{text})
		wait(2 * time.Second)
		if used().Sub(first) < time.Minute {
			t.Errorf("a use a minute later is not written: %v", used())
		}

		s.Fail(errors.New("away"))
		wait(10 * time.Second)
		if _, ok := r.Find([]string{text}); !ok {
			t.Error("the key is gone with the database")
		}
		s.Fail(nil)
		wait(2 * time.Second)
		if got := log.String(); strings.Count(got, "keys not read") != 1 || strings.Count(got, "keys read again") != 1 {
			t.Errorf("the log has %s", got)
		}
		if err := s.RevokeKey(t.Context(), "crm", time.Now()); err != nil {
			t.Fatal(err)
		}
		wait(1100 * time.Millisecond)
		if _, ok := r.Find([]string{text}); ok {
			t.Error("a revoked key works after a second")
		}
		stop()
		if err := await.From(t, "Run to end", ended); err != nil {
			t.Error(err)
		}
	})
}
