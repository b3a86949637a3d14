package recording

// Remembered returns how much a service keeps in memory of single recordings
// and channels; with nothing open it must become 0.
func (s *Service) Remembered() map[string]int {
	s.begun.mu.Lock()
	defer s.begun.mu.Unlock()
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.growth.mu.Lock()
	defer s.growth.mu.Unlock()
	s.stopwatch.mu.Lock()
	defer s.stopwatch.mu.Unlock()
	s.stuck.mu.Lock()
	defer s.stuck.mu.Unlock()
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	s.waits.mu.Lock()
	defer s.waits.mu.Unlock()
	kept := map[string]int{}
	for what, n := range map[string]int{
		"starts": len(s.begun.ours), "channels": len(s.watch.channels), "calls": len(s.watch.calls), "open": len(s.watch.open),
		"sizes": len(s.growth.seen), "laps": len(s.stopwatch.runs), "reasons": len(s.stuck.why), "locks": len(s.locks.held), "collectors": len(s.waits.all),
	} {
		if n > 0 {
			kept[what] = n
		}
	}
	return kept
}
