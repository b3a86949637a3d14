package recording

import "sync"

// stuck remembers why recordings could not be collected for now, so that who
// asks for one is told what stands in its way. It is empty while all is well.
type stuck struct {
	mu  sync.Mutex // guards why
	why map[ID]error
}

// note keeps the reason of a recording; nil means that there is none.
func (s *stuck) note(id ID, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why == nil {
		delete(s.why, id)
		return
	}
	if s.why == nil {
		s.why = map[ID]error{}
	}
	s.why[id] = why
}

// notYet is the refusal of a recording that is still on its way to the
// archive: with what stands in its way, if a caller may be told.
func (s *stuck) notYet(id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := s.why[id]; CodeOf(why) == Unavailable {
		return &Error{Code: Unavailable, Msg: "the recording is kept but cannot be collected for now: " + Message(why), Err: why}
	}
	return Errorf(NotReady, "the recording is still being collected: try again in a moment")
}
