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

func TestItComes(t *testing.T) {
	ch := make(chan int, 1)
	ch <- 7
	if n := await.From(t, "seven", ch); n != 7 {
		t.Errorf("From = %d", n)
	}
	close(ch)
	if n := await.From(t, "the end", ch); n != 0 {
		t.Errorf("From of a closed channel = %d", n)
	}
	done, asked := false, 0
	await.Return(t, "a function", func() { done = true })
	await.Until(t, "three questions", func() bool { asked++; return asked == 3 })
	if !done || asked != 3 {
		t.Errorf("%t, %d", done, asked)
	}
}
