package sim

import (
	"fmt"
	"strconv"
	"time"
)

// state is how far a channel has come, in Asterisk's numbers.
type state int

const (
	down    state = 0
	ring    state = 4 // it calls
	ringing state = 5 // it is called
	up      state = 6
)

// String returns the ChannelStateDesc.
func (s state) String() string {
	switch s {
	case ring:
		return "Ring"
	case ringing:
		return "Ringing"
	case up:
		return "Up"
	}
	return "Down"
}

const unknown = "<unknown>"

// party is a number and a name, as caller id or connected line.
type party struct{ number, name string }

// nobody is a party that is not known.
func nobody() party { return party{unknown, unknown} }

// channel is one live channel. All fields are guarded by the server's mutex.
type channel struct {
	w         *world
	seq       int // order of creation
	name      string
	uniqueID  string
	linkedID  string
	tech      string
	ext       string // the extension whose telephone or Local half it is
	state     state
	caller    party
	connected party
	context   string
	exten     string
	priority  int
	app, data string
	dialed    string // DNID: what a caller dialled
	created   time.Time
	answered  time.Time
	bridge    *bridge
	held      bool // its telephone put the call on hold and sends nothing
	parked    string
	hertz     float64  // what its telephone sends; 0 for a Local half
	plays     float64  // what the dialplan plays to it, in hertz; 0 for nothing
	other     *channel // the other half of a Local channel
	dials     *channel // whom it called last
	dialedBy  *channel
	vars      map[string]string
	mixes     []*mix // newest last
	mon       *monitor
	hooked    bool // it had a MixMonitor once, so muting succeeds
	deaf      bool // its MixMonitors lose what it hears, until it has none
	bridged   bool // it was in a bridge once
	call      *Call
	gone      bool
}

// snapshot appends the headers that describe a channel in events, with a
// prefix before each name.
func (m message) snapshot(prefix string, ch *channel) message {
	return append(m, message{
		{prefix + "Channel", ch.name},
		{prefix + "ChannelState", strconv.Itoa(int(ch.state))},
		{prefix + "ChannelStateDesc", ch.state.String()},
		{prefix + "CallerIDNum", ch.caller.number},
		{prefix + "CallerIDName", ch.caller.name},
		{prefix + "ConnectedLineNum", ch.connected.number},
		{prefix + "ConnectedLineName", ch.connected.name},
		{prefix + "Language", "en"},
		{prefix + "AccountCode", ""},
		{prefix + "Context", ch.context},
		{prefix + "Exten", ch.exten},
		{prefix + "Priority", strconv.Itoa(ch.priority)},
		{prefix + "Uniqueid", ch.uniqueID},
		{prefix + "Linkedid", ch.linkedID},
	}...)
}

// bridge joins channels that hear each other.
type bridge struct {
	w       *world
	id      string
	parking bool // a holding bridge: nobody hears anybody
	members []*channel
}

// bridgeHeaders appends the headers that describe a bridge in events.
func (m message) bridgeHeaders(prefix string, b *bridge) message {
	kind, technology, creator, name := "basic", "simple_bridge", unknown, unknown
	if b.parking {
		kind, technology, creator, name = "parking", "holding_bridge", "Parking", "default"
	}
	return append(m, message{
		{prefix + "BridgeUniqueid", b.id},
		{prefix + "BridgeType", kind},
		{prefix + "BridgeTechnology", technology},
		{prefix + "BridgeCreator", creator},
		{prefix + "BridgeName", name},
		{prefix + "BridgeNumChannels", strconv.Itoa(len(b.members))},
		{prefix + "BridgeVideoSourceMode", "none"},
	}...)
}

// Channel is a live channel as scripts and tests see it.
type Channel struct {
	Name      string // PJSIP/410-0000001e
	UniqueID  string
	LinkedID  string
	Extension string
	Up        bool // it is answered
}

// public returns what scripts may know of a channel; nil is the zero value.
func (ch *channel) public() Channel {
	if ch == nil {
		return Channel{}
	}
	return Channel{Name: ch.name, UniqueID: ch.uniqueID, LinkedID: ch.linkedID, Extension: ch.ext, Up: ch.state == up}
}

// says appends what a channel sends into its bridge, in hertz: the tone of
// its telephone, or, for half of a Local channel, what the other half hears.
func (ch *channel) says(tones []float64, depth int) []float64 {
	switch {
	case ch.state != up || ch.held || depth > maxDepth:
		return tones
	case ch.other != nil:
		return ch.other.hears(tones, depth+1)
	case ch.hertz > 0:
		return append(tones, ch.hertz)
	}
	return tones
}

// maxDepth ends the search through chains of Local channels.
const maxDepth = 4

// hears appends what the others in its bridge say, or the dialplan plays.
func (ch *channel) hears(tones []float64, depth int) []float64 {
	if ch.plays > 0 {
		tones = append(tones, ch.plays)
	}
	if ch.bridge == nil || ch.bridge.parking {
		return tones
	}
	for _, other := range ch.bridge.members {
		if other != ch {
			tones = other.says(tones, depth)
		}
	}
	return tones
}

// defaultTone is the tone of an extension ABC: A*100 + C*200 Hz, as in the
// lab in which the transcripts were made. Other extensions send 440 Hz.
func defaultTone(ext string) float64 {
	if n, err := strconv.Atoi(ext); err != nil || n < 100 || n > 999 {
		return 440
	}
	return float64(ext[0]-'0')*100 + float64(ext[2]-'0')*200
}

// hhmmss formats the age of a channel as CoreShowChannel does.
func hhmmss(d time.Duration) string {
	sec := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d:%02d", sec/3600, sec/60%60, sec%60)
}
