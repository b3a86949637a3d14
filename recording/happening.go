package recording

// Happening is something that happened in the service, for metrics.
type Happening struct {
	Kind      HappeningKind
	Recording Recording // may be the zero value when nothing was found
	Err       error     // of Started, Stopped and Retrieved: the refusal, or nil
}

// HappeningKind says what happened.
type HappeningKind int

// The kinds of happenings.
const (
	Started   HappeningKind = iota + 1 // a start was asked for
	Stopped                            // a stop was asked for
	Retrieved                          // a retrieval was asked for
	Settled                            // a recording reached a final state
	Retried                            // collecting failed for now and is tried again
)
