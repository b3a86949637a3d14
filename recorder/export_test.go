package recorder

// Remembered returns how much a service keeps in memory of single recordings
// and channels; with nothing open it must become 0.
func (s *Service) Remembered() map[string]int {
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	starts := 0
	for _, e := range s.book.entries {
		if e.ours {
			starts++
		}
	}
	kept := map[string]int{}
	for what, n := range map[string]int{
		"starts": starts, "channels": len(s.book.channels), "calls": len(s.book.calls), "open": len(s.book.entries), "locks": len(s.locks.held),
	} {
		if n > 0 {
			kept[what] = n
		}
	}
	return kept
}
