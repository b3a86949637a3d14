package recording

// Refusal says why a recording may not be retrieved, by what is allowed during a
// call; nil for one that is ready, or will be once it is collected: its call is
// over, or it was stopped.
func (c Candidate) Refusal(duringCall bool) error {
	switch {
	case c.Deleted:
		return Errorf(Conflict, "the recording is deleted")
	case c.Private:
		return Errorf(Conflict, "the recording is private")
	case c.State == Failed, c.State == Lost, c.State == Empty:
		return Errorf(Conflict, "the recording is %s, there is no audio: %s", c.State, c.Reason)
	case c.InProgress() && !duringCall:
		return Errorf(NotReady, "the call is still in progress: retrieve it after the hangup")
	case c.InProgress() && (c.State == Starting || c.State == Running):
		return Errorf(NotReady, "the recording is still running: stop it first")
	}
	return nil
}
