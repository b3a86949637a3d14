// Package await is how tests wait for what other goroutines and programs do:
// From for a value, Return for a function, Until for a state. No wait is
// without a deadline. A test that fails by one says what it waited for, and
// shows what every goroutine was doing, so that what held it up is seen.
package await

import (
	"runtime"
	"testing"
	"time"
)

// Patience is how long anything may take on a machine that is busy with other
// things too. It finds out what never comes; it measures nothing.
const Patience = 3 * time.Minute

// maxStacks is how many bytes of stacks a failed wait shows.
const maxStacks = 64 << 10

// From returns the next value of ch, or the zero value when ch is closed. It
// fails the test when none comes within Patience. Call it from the test's
// goroutine.
func From[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	return from(t, Patience, what, ch)
}

func from[T any](t testing.TB, most time.Duration, what string, ch <-chan T) T {
	t.Helper()
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case v := <-ch:
		return v
	case <-late.C:
		failLate(t, most, what)
		panic("unreachable: the test has ended")
	}
}

// Return calls f, which waits for something (the Wait of a group, the Close of
// a server), and returns with it. It fails the test when f takes longer than
// Patience. Call it from the test's goroutine.
func Return(t testing.TB, what string, f func()) {
	t.Helper()
	ReturnWithin(t, Patience, what, f)
}

// ReturnWithin is Return with another deadline, for what is long: hundreds of
// attacks, a build.
func ReturnWithin(t testing.TB, most time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	from(t, most, what, done)
}

// Until asks every 20 ms whether it is so, and fails the test when it is not
// within Patience. Call it from the test's goroutine.
func Until(t testing.TB, what string, is func() bool) {
	t.Helper()
	Within(t, Patience, what, is)
}

// Within is Until with another deadline, where a promise is measured.
func Within(t testing.TB, most time.Duration, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.Now().Add(most); !is(); <-tick.C {
		if time.Now().After(late) {
			t.Fatalf("waited %v in vain for %s", most, what)
		}
	}
}

// failLate ends the test.
func failLate(t testing.TB, most time.Duration, what string) {
	t.Helper()
	stacks := make([]byte, maxStacks)
	t.Fatalf("waited %v in vain for %s; what every goroutine was doing:\n%s", most, what, stacks[:runtime.Stack(stacks, true)])
}
