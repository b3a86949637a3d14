package asterisk

import "recgate/recording"

// Health returns how the connections do, without asking the PBX.
func (p *PBX) Health() recording.Health {
	p.mu.Lock()
	h, may := recording.Health{Up: p.ready}, p.rights
	p.mu.Unlock()
	if _, err := p.choose(may); err != nil {
		h.Up = false
	}
	h.Connected, _ = p.conn.State()
	s := p.conn.Stats()
	h.Actions, h.Wanted, h.Reconnects, h.Ping = s.Actions, s.Wanted, s.Reconnects, s.Ping
	h.Events, h.Dropped, h.Lag = s.Events, s.Dropped, s.Lag
	return h
}
