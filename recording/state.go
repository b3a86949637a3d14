package recording

import (
	"cmp"
	"slices"
	"time"
)

// State is where a recording is in its life. Every start ends in exactly one
// of Ready, Empty, Failed and Lost.
type State string

// The states.
const (
	Starting   State = "starting"   // the row is written, the PBX has not confirmed
	Running    State = "recording"  // the PBX records
	Collecting State = "collecting" // the PBX is done, the file is on its way to the archive
	Ready      State = "ready"      // in the archive, checked and hashed
	Empty      State = "empty"      // there was no audio
	Failed     State = "failed"     // it never ran
	Lost       State = "lost"       // it ran, and its audio cannot be had
)

// steps holds the steps allowed between states.
var steps = map[State][]State{
	Starting:   {Running, Collecting, Failed, Lost},
	Running:    {Collecting, Failed, Lost},
	Collecting: {Ready, Empty, Failed, Lost},
}

// States returns all states in the order of a recording's life.
func States() []State {
	return []State{Starting, Running, Collecting, Ready, Empty, Failed, Lost}
}

// May reports whether a recording in state s may go to next.
func (s State) May(next State) bool { return slices.Contains(steps[s], next) }

// Final reports whether s is an end: no step leads out of it.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Before returns the states from which a step to s is allowed.
func (s State) Before() []State {
	var from []State
	for _, state := range States() {
		if state.May(s) {
			from = append(from, state)
		}
	}
	return from
}

// Step is one change of state, written in one transaction together with what
// became known by it. A zero field leaves what the row holds.
type Step struct {
	To     State
	Reason Reason    // required
	At     time.Time // required

	// Back says that what was thought to be over is not: the audio of a
	// recording that was given up has come back, or the PBX has written on after
	// it was taken (a step from a final state to Collecting; no other leads out
	// of one), or the PBX did not stop a recording (from Collecting to Running).
	Back bool
	// Said is what the PBX answered or who asked: kept in the history behind
	// the reason, and not in the row, whose reasons are added up.
	Said string

	Recorder  string
	Handle    string
	StartedAt time.Time
	StoppedAt time.Time
	Tracks    []Track // replaces all tracks when not nil; all of a recording make the step

	Duration  time.Duration
	Bytes     int64
	SHA256    string
	Key       string
	SourceKey string
}

// From returns the states from which the step is allowed, in the order of a
// recording's life.
func (s Step) From() []State {
	switch {
	case !s.Back:
		return s.To.Before()
	case s.To == Collecting:
		return []State{Ready, Empty, Failed, Lost}
	case s.To == Running:
		return []State{Collecting}
	}
	return nil
}

// Apply changes the recording as the step changes its row.
func (r *Recording) Apply(s Step) {
	r.Reason = s.Reason
	r.Recorder, r.Handle = cmp.Or(s.Recorder, r.Recorder), cmp.Or(s.Handle, r.Handle)
	r.SHA256, r.Key, r.SourceKey = cmp.Or(s.SHA256, r.SHA256), cmp.Or(s.Key, r.Key), cmp.Or(s.SourceKey, r.SourceKey)
	r.Duration, r.Bytes = cmp.Or(s.Duration, r.Duration), cmp.Or(s.Bytes, r.Bytes)
	if !s.StartedAt.IsZero() {
		r.StartedAt = s.StartedAt
	}
	if !s.StoppedAt.IsZero() {
		r.StoppedAt = s.StoppedAt
	}
	if s.Tracks != nil {
		r.Tracks = s.Tracks
	}
	tracks := s.Advance(r.Tracks)
	r.State = StateOf(s.To, tracks)
	r.Tracks = StoredTracks(*r, tracks)
}

// Past returns the step as the history keeps it.
func (s Step) Past() Past {
	return Past{At: s.At, To: s.To, Reason: s.Reason, Said: s.Said}
}

// TagPast is how the history keeps that a tag was added in a state.
func TagPast(in State, tag, by string, at time.Time) Past {
	p := Past{At: at, To: in, Reason: Reason{Code: ReasonTagged, Detail: tag}}
	if by != "" {
		p.Said = "asked for by " + by
	}
	return p
}

// Past is a step that was made, or something that happened within a state.
type Past struct {
	At     time.Time
	To     State
	Reason Reason
	Said   string // what the PBX answered or who asked; at most 1000 characters are kept
}
