package await_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recgate/internal/await"
)

// watched is a test that may fail.
type watched struct {
	testing.TB
	said string
}

func (*watched) Helper() {}

func (w *watched) Fatalf(format string, args ...any) {
	w.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure is what a test that does this fails with.
func failure(do func(t testing.TB)) string {
	w := &watched{}
	var wg sync.WaitGroup
	wg.Go(func() { do(w) })
	wg.Wait()
	return w.said
}

// TestNothingComes: every wait ends, and says for what it waited and what the
// others were doing.
func TestNothingComes(t *testing.T) {
	for name, wait := range map[string]func(t testing.TB, never chan int){
		"From":   func(t testing.TB, never chan int) { await.From(t, "a letter", never) },
		"Return": func(t testing.TB, never chan int) { await.Return(t, "a letter", func() { <-never }) },
		"Until":  func(t testing.TB, _ chan int) { await.Until(t, "a letter", func() bool { return false }) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never, began := make(chan int), time.Now()
				defer close(never)
				said := failure(func(t testing.TB) { wait(t, never) })
				if !strings.Contains(said, "in vain for a letter") || !strings.Contains(said, await.Patience.String()) {
					t.Errorf("it failed with %q", said)
				}
				if name != "Until" && !strings.Contains(said, "await_test") {
					t.Errorf("no stacks are shown: %q", said)
				}
				if took := time.Since(began); took < await.Patience || took > await.Patience+time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}
