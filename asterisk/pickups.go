package asterisk

import "sync"

// pickups remembers on which channel a recording goes on after a pickup. It
// takes a MixMonitor along.
type pickups struct {
	mu sync.Mutex        // guards to
	to map[string]string // by unique id
}

func newPickups() *pickups { return &pickups{to: map[string]string{}} }

// note notes that what was recorded on one channel goes on on another.
func (p *pickups) note(from, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to[from] = to
}

// follow returns the unique id under which a recording goes on that began on a
// channel.
func (p *pickups) follow(uniqueID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range p.to { // at most as many steps as there are pickups
		to, moved := p.to[uniqueID]
		if !moved {
			break
		}
		uniqueID = to
	}
	return uniqueID
}

// forget forgets the pickups by a channel that has gone.
func (p *pickups) forget(uniqueID string) {
	p.keepOnly(func(id string) bool { return id != uniqueID })
}

// keepOnly forgets the pickups by channels that do not live any more.
func (p *pickups) keepOnly(lives func(uniqueID string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for from, to := range p.to {
		if !lives(to) {
			delete(p.to, from)
		}
	}
}
