package asterisk_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/internal/await"
	"recgate/recording"
)

// traffic is an exchange in which calls come, are answered, held, transferred
// and hung up. It writes the events that Asterisk 22 sends of class call, with
// all their headers, and knows what is true after each.
type traffic struct {
	random *rand.Rand
	out    bytes.Buffer
	events int
	made   int
	most   int // live channels
	live   []*leg
	byID   map[string]*leg
}

// leg is a channel of a call.
type leg struct {
	id, linked, name, exten string
	bridge                  string
	up, held                bool
	peer                    *leg
}

func newTraffic(seed uint64, most int) *traffic {
	return &traffic{random: rand.New(rand.NewPCG(seed, 1)), most: most, byID: map[string]*leg{}}
}

// step lets something happen to one call.
func (x *traffic) step() {
	if len(x.live) < x.most/2 || len(x.live) < x.most && x.random.IntN(4) == 0 {
		x.call()
		return
	}
	l := x.live[x.random.IntN(len(x.live))]
	switch {
	case !l.up:
		x.answer(l)
	case l.bridge == "":
		x.bridge(l)
	case x.random.IntN(3) == 0:
		x.hangup(l)
	case x.random.IntN(2) == 0:
		l.held = !l.held
		x.tell(map[bool]string{true: "Hold", false: "Unhold"}[l.held], l)
	default:
		x.tell("NewConnectedLine", l)
	}
}

func (x *traffic) leg(linked string) *leg {
	x.made++
	l := &leg{id: fmt.Sprintf("1795273773.%d", x.made), exten: fmt.Sprint(400 + x.random.IntN(600)), linked: linked}
	l.name = fmt.Sprintf("PJSIP/%s-%08x", l.exten, x.made)
	if linked == "" {
		l.linked = l.id
	}
	x.live = append(x.live, l)
	x.byID[l.id] = l
	x.tell("Newchannel", l)
	return l
}

func (x *traffic) call() {
	a := x.leg("")
	b := x.leg(a.linked)
	a.peer, b.peer = b, a
	x.tell("Newstate", a)
}

func (x *traffic) answer(l *leg) {
	for _, l := range []*leg{l, l.peer} {
		if l != nil && !l.up {
			l.up = true
			x.tell("Newstate", l)
		}
	}
}

func (x *traffic) bridge(l *leg) {
	x.made++
	id := fmt.Sprintf("5f3e6c1a-0b5e-4f2c-9d57-%012x", x.made)
	for _, l := range []*leg{l, l.peer} {
		if l == nil {
			continue
		}
		if l.bridge != "" {
			x.tell("BridgeLeave", l, "BridgeUniqueid: "+l.bridge, "BridgeType: holding")
		}
		l.bridge = id
		x.tell("BridgeEnter", l, "BridgeUniqueid: "+id, "BridgeType: holding", "BridgeTechnology: simple_bridge", "BridgeNumChannels: 2")
	}
}

func (x *traffic) hangup(l *leg) {
	x.tell("BridgeLeave", l, "BridgeUniqueid: "+l.bridge, "BridgeType: holding")
	x.tell("Hangup", l, "Cause: 16", "Cause-txt: Normal Clearing")
	if l.peer != nil {
		l.peer.peer = nil
	}
	x.live = slices.DeleteFunc(x.live, func(o *leg) bool { return o == l })
	delete(x.byID, l.id)
}

// tell writes one event about a channel.
func (x *traffic) tell(name string, l *leg, more ...string) {
	x.events++
	x.out.WriteString("Event: " + name + "\r\nPrivilege: call,all\r\n")
	x.describe(l)
	for _, line := range more {
		x.out.WriteString(line + "\r\n")
	}
	x.out.WriteString("\r\n")
}

func (x *traffic) describe(l *leg) {
	state, desc := "4", "Ring"
	if l.up {
		state, desc = "6", "Up"
	}
	for _, text := range []string{ // not by fmt, which would cost more than all that is tested
		"Channel: ", l.name, "\r\nChannelState: ", state, "\r\nChannelStateDesc: ", desc,
		"\r\nCallerIDNum: ", l.exten, "\r\nCallerIDName: Ext ", l.exten,
		"\r\nConnectedLineNum: <unknown>\r\nConnectedLineName: <unknown>\r\nLanguage: en\r\nAccountCode: \r\nContext: internal\r\nExten: ", l.exten,
		"\r\nPriority: 1\r\nUniqueid: ", l.id, "\r\nLinkedid: ", l.linked, "\r\n",
	} {
		x.out.WriteString(text)
	}
}

// list writes the answer of CoreShowChannels.
func (x *traffic) list(actionID string) {
	fmt.Fprintf(&x.out, "Response: Success\r\nActionID: %s\r\nEventList: start\r\n\r\n", actionID)
	for _, l := range x.live {
		fmt.Fprintf(&x.out, "Event: CoreShowChannel\r\nActionID: %s\r\n", actionID)
		x.describe(l)
		fmt.Fprintf(&x.out, "BridgeId: %s\r\nDuration: 00:00:10\r\n\r\n", l.bridge)
	}
	fmt.Fprintf(&x.out, "Event: CoreShowChannelsComplete\r\nActionID: %s\r\nEventList: Complete\r\n\r\n", actionID)
}

// differs compares the table with what is true; what a gap in the events may
// have swallowed (hold) is left out when there was one.
func (x *traffic) differs(known []recording.Channel, gap bool) string {
	type state struct {
		Name, Linked, Bridge, Extension string
		State                           recording.ChannelState
		Held                            bool
	}
	got, want := map[string]state{}, map[string]state{}
	for _, c := range known {
		got[c.UniqueID] = state{c.Name, c.LinkedID, c.Bridge, c.Extension, c.State, c.OnHold && !gap}
	}
	for _, l := range x.live {
		s := state{l.name, l.linked, l.bridge, l.exten, recording.Ringing, l.held && !gap}
		if l.up {
			s.State = recording.Up
		}
		want[l.id] = s
	}
	return cmp.Diff(want, got)
}

// known are the channels of a table that traffic has ever made: one that is
// gone and still known is a fault, too.
func (x *traffic) known(t testing.TB, find func(uniqueID string) []recording.Channel) (all []recording.Channel) {
	found := make([][]recording.Channel, x.made)
	var asking sync.WaitGroup
	for n := range x.made { // at once: those who miss a channel wait together
		asking.Go(func() { found[n] = find(fmt.Sprintf("1795273773.%d", n+1)) })
	}
	await.Return(t, "all questions to be answered", asking.Wait)
	return slices.Concat(found...)
}

// end hangs up all calls.
func (x *traffic) end() {
	for len(x.live) > 0 {
		x.hangup(x.live[0])
	}
}
