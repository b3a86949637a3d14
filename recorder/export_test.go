package recorder

// Remembered returns how much a service keeps in memory of single recordings
// and channels; with nothing open it must become 0.
func (s *Service) Remembered() map[string]int {
	f := s.book.Figures()
	kept := map[string]int{}
	for what, n := range map[string]int{
		"starts": f.Starts, "channels": f.Channels, "calls": f.Calls, "open": f.Entries, "locks": s.locks.Held(),
	} {
		if n > 0 {
			kept[what] = n
		}
	}
	return kept
}
