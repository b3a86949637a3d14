package recorder

// Locked returns how many channels have a lock now.
func (r *Recorder) Locked() int { return r.locks.Held() }
