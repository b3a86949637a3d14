package ami

import "time"

// Health is how a PBX's connection does, for metrics.
type Health struct {
	Up         bool          // connected, and the live table in step
	Reconnects int64         // connections made after the first; only grows
	Dropped    int64         // events that were dropped; only grows
	Ping       time.Duration // round trip of the last ping; 0 before it
}

// Health tells how the connection does, without asking the PBX.
func (p *PBX) Health() Health {
	p.mu.Lock()
	h := Health{Up: p.ready}
	p.mu.Unlock()
	if c, ok := p.conn.(*Client); ok { // tests have connections of their own
		h.Reconnects, h.Dropped, h.Ping = int64(c.ReconnectCount()), c.Dropped(), c.LastPing()
	}
	return h
}
