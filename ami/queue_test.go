package ami

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func event(n int) Signal {
	return Signal{Kind: SignalEvent, Message: Message{{"Event", "E"}, {"N", fmt.Sprint(n)}}}
}

// drained names what waits in the queue: U, D, event numbers, !n for n dropped.
func drained(q *queue) []string {
	var got []string
	for s, ok := q.pop(); ok; s, ok = q.pop() {
		switch s.Kind {
		case SignalUp:
			got = append(got, "U")
		case SignalDown:
			got = append(got, "D")
		case SignalEvent:
			got = append(got, s.Message.Get("N"))
		case SignalDropped:
			got = append(got, fmt.Sprintf("!%d", s.Dropped))
		}
	}
	return got
}

func TestQueueOverflow(t *testing.T) {
	var dropped atomic.Int64
	q := newQueue(4, &dropped)
	q.push(Signal{Kind: SignalUp})
	for n := range 7 { // 4, 5 and 6 find no room
		q.push(event(n))
	}
	for range 2 { // Up and event 0: three events wait, still more than a half
		q.pop()
	}
	q.push(event(7))
	q.pop() // event 1: two events wait
	q.push(event(8))
	q.push(Signal{Kind: SignalDown, Err: errors.New("gone")})
	want := []string{"2", "3", "!4", "8", "D"}
	if diff := cmp.Diff(want, drained(q)); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if dropped.Load() != 4 {
		t.Errorf("%d counted as dropped, want 4", dropped.Load())
	}
}

func TestQueueForgetsConnectionsThatNobodyHeardOf(t *testing.T) {
	q := newQueue(2, new(atomic.Int64))
	q.push(Signal{Kind: SignalUp})
	q.push(event(0))
	for range 1000 {
		q.push(Signal{Kind: SignalDown})
		q.push(Signal{Kind: SignalUp})
	}
	q.push(event(1))
	for n := range 1000 {
		q.push(event(n))
		q.push(Signal{Kind: SignalDown})
		q.push(Signal{Kind: SignalUp})
	}
	if diff := cmp.Diff([]string{"U", "0", "D", "U", "1", "D", "U"}, shorter(drained(q))); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// shorter leaves out the gaps, whose place the test does not care for.
func shorter(heard []string) []string {
	return slices.DeleteFunc(heard, func(s string) bool { return s[0] == '!' })
}

// TestQueueProperty: any order of pushes and pops keeps events in order, loses
// none that is not counted, and holds a bounded number of signals.
func TestQueueProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var dropped atomic.Int64
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		q := newQueue(limit, &dropped)
		sent, heard, last, up := 0, 0, -1, false
		pop := func() {
			s, ok := q.pop()
			if !ok || s.Kind != SignalEvent {
				return
			}
			var n int
			if _, err := fmt.Sscan(s.Message.Get("N"), &n); err != nil || n <= last {
				t.Fatalf("event %d after %d (%v)", n, last, err)
			}
			last = n
			heard++
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				pop()
			case 1:
				q.push(Signal{Kind: map[bool]SignalKind{true: SignalDown, false: SignalUp}[up]})
				up = !up
			default:
				q.push(event(sent))
				sent++
			}
			if n := len(q.waiting); n > 5*(limit+2) { // at most down, up, a gap, an event and another gap for each event
				t.Fatalf("%d signals wait, the limit is %d events", n, limit)
			}
		}
		for len(q.waiting) > 0 {
			pop()
		}
		if heard+int(dropped.Load()) != sent {
			t.Fatalf("%d sent, %d heard, %d dropped", sent, heard, dropped.Load())
		}
	})
}

func TestDeliverTellsNothingAfterTheEnd(t *testing.T) {
	q := newQueue(10, new(atomic.Int64))
	for n := range 5 {
		q.push(event(n))
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard := 0
	q.deliver(ctx, func(Signal) {
		heard++
		if heard == 2 {
			cancel()
		}
	})
	if heard != 2 {
		t.Errorf("heard %d signals, want 2", heard)
	}
}

// TestQueueIsBounded: few events that are large wait no more than many small ones.
func TestQueueIsBounded(t *testing.T) {
	var dropped atomic.Int64
	q := newQueue(8192, &dropped)
	event := Message{{"Event", "E"}, {"Text", strings.Repeat("x", 1<<20)}} // of one text: the events share it
	for range 1000 {
		q.push(Signal{Kind: SignalEvent, Message: event})
	}
	kept := int64(0)
	for s, ok := q.pop(); ok; s, ok = q.pop() {
		if s.Kind == SignalEvent {
			kept++
		}
	}
	if kept<<20 > maxWaiting || kept+dropped.Load() != 1000 {
		t.Errorf("%d events of 1 MiB waited, %d were dropped", kept, dropped.Load())
	}
	for range 10 {
		q.push(Signal{Kind: SignalEvent, Message: event})
	}
	if s, ok := q.pop(); !ok || s.Kind != SignalEvent {
		t.Error("no event is taken once the others were heard")
	}
}
