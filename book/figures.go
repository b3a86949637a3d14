package book

import (
	"time"

	"recgate/recording"
)

// Figures are what the book adds up to, for metrics.
type Figures struct {
	InState map[recording.State]int // recordings in each state that is not final
	Stalled int                     // recordings that run whose files have stopped growing although their channels talk
	Longest time.Duration           // for how long the recording waits to be collected that waits longest; 0 when none does

	// What is kept in memory: with nothing open all of it becomes 0.
	Entries, Starts, Channels, Calls int
}

// Open returns how many recordings have no final state.
func (f Figures) Open() int {
	n := 0
	for _, in := range f.InState {
		n += in
	}
	return n
}

// Figures adds up what is open.
func (b *Book) Figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := Figures{
		InState: map[recording.State]int{recording.Starting: 0, recording.Running: 0, recording.Collecting: 0},
		Entries: len(b.entries), Channels: len(b.channels), Calls: len(b.calls),
	}
	for _, e := range b.entries {
		if e.ours {
			f.Starts++
		}
		if e.state != "" {
			f.InState[e.state]++
		}
		if e.state == recording.Running && e.file.said {
			f.Stalled++
		}
		if e.wait != nil {
			f.Longest = max(f.Longest, time.Since(e.wait.began))
		}
	}
	return f
}
