package recordingtest

import (
	"context"
	"testing"
	"time"

	"recgate/recording"
)

// Cut loses the connection; it is back at once.
func (p line) Cut(t testing.TB) {
	t.Helper()
	p.Disconnect()
	p.Connect()
}

// Disconnect takes the PBX away until Connect.
func (p line) Disconnect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up = false
	p.tell(recording.Event{Kind: recording.PBXDown})
}

// Connect brings it back.
func (p line) Connect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.up = true
	p.tell(recording.Event{Kind: recording.PBXUp})
}

// Tell tells an event of the caller's making.
func (p line) Tell(e recording.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(e)
}

// tell queues an event for Run. The lock is held.
func (p *exchange) tell(e recording.Event) {
	e.PBX, e.At = p.name, time.Now()
	p.told = append(p.told, e)
	if !p.hushed {
		p.rouse()
	}
}

// rouse has Run tell what waits. The lock is held.
func (p *exchange) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Hush has what happens from now on be told as late as somebody hears.
func (p line) Hush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hushed = true
}

// Hear has Run tell what waits, and waits for that.
func (p line) Hear(ctx context.Context) {
	p.mu.Lock()
	if !p.up || len(p.told) == 0 && !p.telling {
		p.mu.Unlock()
		return
	}
	if p.heard == nil {
		p.heard = make(chan struct{})
	}
	heard := p.heard
	p.hushed = false
	p.rouse()
	p.mu.Unlock()
	select {
	case <-heard:
	case <-ctx.Done():
	}
}

// Run tells the events until ctx ends.
func (p line) Run(ctx context.Context, tell func(recording.Event)) error {
	p.mu.Lock()
	if p.up {
		p.tell(recording.Event{Kind: recording.PBXUp})
	}
	p.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		}
		p.tellAll(tell)
	}
}

// tellAll tells what waits, and what comes meanwhile.
func (p line) tellAll(tell func(recording.Event)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.telling = true
	for len(p.told) > 0 {
		events := p.told
		p.told = nil
		p.mu.Unlock()
		for _, e := range events {
			tell(e)
		}
		p.mu.Lock()
	}
	p.telling = false
	if p.heard != nil {
		close(p.heard)
		p.heard = nil
	}
}
