// Package recording has the nouns and rules of recgate: what a recording is and
// what it may become, reasons, targets, actors, and the errors that cross
// packages. It knows no HTTP, SQL, XML or AMI, and starts no goroutine. What the
// core asks of a PBX, an archive and of sound is in ports.go, and recordingtest
// holds the contracts of those interfaces as code. What goes on is in the
// packages recorder, collect, retrieve and ledger; start reading at
// recorder.Recorder.Start.
package recording

import "time"

// Recording is one recording of one channel, from the request to start it.
// Times are UTC with millisecond resolution; the zero time means "not yet".
type Recording struct {
	ID     ID
	Call   Call
	State  State  // what StateOf says of its tracks, if it has any
	Reason Reason // why the recording is in its state
	// Tags are the external references, oldest first; each finds the recording.
	Tags []string

	PBX       string // name of the PBX in the configuration
	Channel   string // name when the recording was asked for, e.g. SIP/410-12FA7B
	UniqueID  string // of the channel, e.g. 12347811.214
	Extension string // of the channel, e.g. 410
	Recorder  string // "mixmonitor" or "monitor"; empty before the PBX answered
	Handle    string // what stops it on the PBX: the MixMonitorID; empty for Monitor
	AskedBy   string // who asked for the start: a remote address or a user name

	Private bool
	Deleted bool

	AskedAt        time.Time // when the start was asked for
	StartedAt      time.Time // when the PBX confirmed it
	AnsweredAt     time.Time // when the channel was answered
	StoppedAt      time.Time // when the recording ended
	ChannelEndedAt time.Time // when the channel hung up: until then the call is in progress

	Duration  time.Duration // of the audio
	Bytes     int64         // of the archived WAV
	SHA256    string        // of the archived WAV, 64 hex digits
	Key       string        // of the archived WAV among the blobs; empty before ready
	SourceKey string        // of the stereo source of a Monitor recording; may be empty
	Tracks    []Track
}

// Tag returns the External Reference to show: the newest tag, or "".
func (r Recording) Tag() string {
	if len(r.Tags) == 0 {
		return ""
	}
	return r.Tags[len(r.Tags)-1]
}

// InProgress reports whether the call of the recorded channel is still up as
// far as is known. It stays true after a stop until the channel hangs up.
func (r Recording) InProgress() bool { return r.ChannelEndedAt.IsZero() }

// Candidate is what is judged of a recording before its audio is given back.
// The fields are those of Recording. It is read for every retrieval, where a
// whole recording would cost four statements.
type Candidate struct {
	ID             ID
	State          State
	Reason         Reason
	Private        bool
	Deleted        bool
	ChannelEndedAt time.Time
	Bytes          int64
	Key            string
}

// Candidate returns what is judged of r.
func (r Recording) Candidate() Candidate {
	return Candidate{r.ID, r.State, r.Reason, r.Private, r.Deleted, r.ChannelEndedAt, r.Bytes, r.Key}
}

// InProgress is as Recording.InProgress.
func (c Candidate) InProgress() bool { return c.ChannelEndedAt.IsZero() }

// Call is what several recordings and channels have in common: the linked id.
type Call struct {
	ID         string // a UUIDv7, given by the recorder
	PBX        string
	LinkedID   string
	Parts      []string  // linked ids of the calls that turned out to be part of this one
	StartedAt  time.Time // creation of its first channel that we know
	AnsweredAt time.Time
	EndedAt    time.Time // when its last channel hung up
	Parties    []Party
}

// LinkedIDs returns the linked ids that channels of the call have, the first
// one first.
func (c Call) LinkedIDs() []string { return append([]string{c.LinkedID}, c.Parts...) }

// Party is one channel that took part in a call.
type Party struct {
	Channel   string
	UniqueID  string
	Extension string
	CallerID  string // number, as the PBX says it; may be empty
}

// Access is one line of the access log: who retrieved what, when, from where
// and with which outcome. Refused retrievals have one too.
type Access struct {
	At        time.Time
	Method    string // MethodRetrieve or MethodRetrieveByUniqueID
	Key       string // the tag or unique id that was asked for, as it was sent (at most 255 characters are kept)
	Username  string // as it was sent (at most 255 characters are kept)
	Remote    string // address of the caller
	APIKey    string // name of the API key that was shown, or empty
	Recording ID     // empty when none was chosen
	Outcome   string // "ok", or the message that the caller got
}
