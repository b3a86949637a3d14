package recording

import "time"

// Channel is one live channel of a PBX.
type Channel struct {
	PBX        string
	Name       string // SIP/410-12FA7B
	UniqueID   string
	LinkedID   string
	Extension  string // by Extension or by the PBX's own mapping; empty when it has none
	CallerID   string // number
	State      ChannelState
	Bridge     string // unique id of the bridge it is in, or empty
	OnHold     bool
	CreatedAt  time.Time
	AnsweredAt time.Time
}

// ChannelState is how far a channel has come.
type ChannelState int

// The channel states, in the order in which a call passes them.
const (
	Down ChannelState = iota
	Ringing
	Up
)

// EventKind says what happened on a PBX.
type EventKind int

// The kinds of events.
const (
	// PBXUp: the connection is up and the live table was rebuilt; every
	// channel that is not in it is gone.
	PBXUp EventKind = iota + 1
	// PBXDown: the connection is lost; Find answers Unavailable.
	PBXDown
	// ChannelAnswered: Channel is up.
	ChannelAnswered
	// ChannelHungUp: Channel is gone. Last says that it was the last channel
	// of its call.
	ChannelHungUp
	// RecordingMoved: what was recorded on Channel goes on on To (a pickup
	// while MixMonitor runs).
	RecordingMoved
	// RecordingEnded: the PBX says that it ended a Monitor recording on Channel.
	RecordingEnded
)

// Event is something that happened on a PBX.
type Event struct {
	Kind    EventKind
	PBX     string
	At      time.Time
	Channel Channel
	To      Channel // RecordingMoved
	Last    bool    // ChannelHungUp
}
