package recording

import (
	"cmp"
	"slices"
	"time"
)

// Voice says which side of the recorded channel a track holds.
type Voice string

// The voices.
const (
	Mixed  Voice = "mixed"  // both directions in one file
	Spoken Voice = "spoken" // what the recorded channel says
	Heard  Voice = "heard"  // what the recorded channel hears
)

// Track is one file that the PBX writes for a recording. It has a life of its
// own; what it does not say itself is as its recording says.
type Track struct {
	File      string // name in the spool, without a directory: hex digits and a fixed ending
	Voice     Voice
	Party     string    // extension whose voice it is, or "mixed"
	StartedAt time.Time // when the file begins

	Channel   string // that the PBX records into the file
	UniqueID  string // of the channel
	Recorder  string // "mixmonitor" or "monitor"
	Handle    string // what stops it on the PBX
	State     State
	StoppedAt time.Time // when the PBX ended it
	Bytes     int64     // of the archived WAV that holds its sound
}

// leading holds the states in the order in which the state of one track
// decides about its recording.
var leading = []State{Running, Starting, Collecting, Ready, Empty, Lost, Failed}

// StateOf returns the state of a recording by its tracks: it goes on while one
// of them does, and has what the best of them has. One without tracks, of which
// the PBX has said nothing yet or never did, is in its own state.
func StateOf(own State, tracks []Track) State {
	for _, s := range leading {
		if slices.ContainsFunc(tracks, func(t Track) bool { return t.State == s }) {
			return s
		}
	}
	return own
}

// StoredTracks returns the tracks of a recording by what a Store keeps of both.
// A gateway of a version whose tracks were files alone changes the recording
// and not its tracks: those that do not give the state of their recording, or
// of which none is on its channel, are as the recording says.
func StoredTracks(r Recording, tracks []Track) []Track {
	states := StateOf(r.State, tracks) == r.State
	channel := slices.ContainsFunc(tracks, func(t Track) bool { return t.UniqueID == r.UniqueID || t.UniqueID == "" })
	stored := slices.Clone(tracks)
	for i := range stored {
		t := &stored[i]
		if !states {
			t.State, t.Recorder, t.Handle, t.StoppedAt, t.Bytes = "", "", "", time.Time{}, 0
		}
		if !channel {
			t.Channel, t.UniqueID = "", ""
		}
		t.fill(r)
	}
	return stored
}

// fill takes what the track does not say from its recording.
func (t *Track) fill(r Recording) {
	t.Channel, t.UniqueID = cmp.Or(t.Channel, r.Channel), cmp.Or(t.UniqueID, r.UniqueID)
	t.Recorder, t.Handle = cmp.Or(t.Recorder, r.Recorder), cmp.Or(t.Handle, r.Handle)
	t.State, t.Bytes = cmp.Or(t.State, r.State), cmp.Or(t.Bytes, r.Bytes)
	if t.StoppedAt.IsZero() {
		t.StoppedAt = r.StoppedAt
	}
}

// Advance returns the tracks as the step leaves them. A recording has one set
// of tracks, begun and ended together: they all make its steps.
func (s Step) Advance(tracks []Track) []Track {
	made := slices.Clone(tracks)
	for i := range made {
		t := &made[i]
		t.State, t.Bytes = s.To, cmp.Or(s.Bytes, t.Bytes)
		t.Recorder, t.Handle = cmp.Or(s.Recorder, t.Recorder), cmp.Or(s.Handle, t.Handle)
		if !s.StoppedAt.IsZero() {
			t.StoppedAt = s.StoppedAt
		}
	}
	return made
}
