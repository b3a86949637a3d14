package sim

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// world is the telephone exchange: its channels, bridges, recordings and what
// will happen in it. A restart makes a new one.
type world struct {
	s         *Server
	started   time.Time
	made      int            // channels since the start: N of the next unique id
	suffix    map[string]int // next number of a channel name, per technology
	byName    map[string]*channel
	byID      map[string]*channel
	bridges   map[string]*bridge
	parked    map[string]*channel // by parking space
	globals   map[string]string
	due       []scheduled // what will happen, soonest first
	rolled    time.Time
	tapes     map[*tape]bool // that run
	files     map[*tape]bool // those, and those whose file is not closed yet
	mixIDs    int            // MixMonitor ids given so far
	freeIDs   []string       // those of ended MixMonitors, to be used again
	calls     int            // calls that live
	processed int            // calls that are over
}

func newWorld(s *Server) *world {
	now := s.o.Now()
	return &world{
		s: s, started: now, rolled: now, suffix: map[string]int{}, byName: map[string]*channel{}, byID: map[string]*channel{},
		bridges: map[string]*bridge{}, parked: map[string]*channel{}, globals: map[string]string{},
		tapes: map[*tape]bool{}, files: map[*tape]bool{},
	}
}

// scheduled is something that happens later, by the injected clock.
type scheduled struct {
	at time.Time
	do func()
}

// later does something after a while, with the world locked.
func (w *world) later(d time.Duration, do func()) {
	at := w.s.o.Now().Add(d)
	i, _ := slices.BinarySearchFunc(w.due, at, func(d scheduled, at time.Time) int {
		if d.at.After(at) {
			return 1
		}
		return -1 // after those of the same moment
	})
	w.due = slices.Insert(w.due, i, scheduled{at, do})
}

// runDue does what is due, and lets tapes grow now and then.
func (s *Server) runDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	s.fault.endDue(now)
	w := s.world
	if len(w.due) == 0 || w.due[0].at.After(now) {
		if now.Sub(w.rolled) > 10*tick {
			w.rollTapes()
		}
		return
	}
	w.rollTapes()
	for len(w.due) > 0 && !w.due[0].at.After(now) {
		next := w.due[0]
		w.due = w.due[1:]
		next.do()
	}
}

// release holds the numbers by which a version shows itself.
type release struct{ ami, asterisk string }

func (w *world) release(version int) release {
	if version == 16 {
		return release{ami: "5.0.4", asterisk: "16.28.0~dfsg-0+deb11u4"}
	}
	return release{ami: "11.0.0", asterisk: "22.10.1+dfsg+~cs6.17.60671434-1"}
}

// channelName counts like a channel driver: PJSIP/410-0000001e.
func (w *world) channelName(tech, ext string) string {
	n := w.suffix[tech]
	w.suffix[tech]++
	return fmt.Sprintf("%s/%s-%08x", tech, ext, n)
}

// newChannel makes a channel with a fresh unique id. An empty linkedID means
// that the channel begins a call of its own.
func (w *world) newChannel(name, linkedID string) *channel {
	now := w.s.o.Now()
	ch := &channel{
		w: w, seq: w.made, name: name, state: down, caller: nobody(), connected: nobody(),
		uniqueID: strconv.FormatInt(now.Unix(), 10) + "." + strconv.Itoa(w.made), linkedID: linkedID,
		context: "internal", priority: 1, created: now,
	}
	if linkedID == "" {
		ch.linkedID = ch.uniqueID
	}
	w.made++
	w.byName[ch.name], w.byID[ch.uniqueID] = ch, ch
	return ch
}

// newPhone makes the channel of a telephone.
func (w *world) newPhone(tech, ext, linkedID string) *channel {
	ch := w.newChannel(w.channelName(tech, ext), linkedID)
	ch.tech, ch.ext = tech, ext
	ch.caller = party{ext, "Ext " + ext}
	ch.hertz = w.s.fault.toneOf(ext)
	return ch
}

// find returns the live channel with this name or unique id, exactly.
func (w *world) find(id string) *channel {
	if ch := w.byName[id]; ch != nil {
		return ch
	}
	return w.byID[id]
}

// sorted returns the live channels, oldest first.
func (w *world) sorted() []*channel {
	list := make([]*channel, 0, len(w.byID))
	for _, ch := range w.byID {
		list = append(list, ch)
	}
	slices.SortFunc(list, func(a, b *channel) int { return cmp.Compare(a.seq, b.seq) })
	return list
}

// Channels returns the live channels, oldest first.
func (s *Server) Channels() []Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Channel
	for _, ch := range s.world.sorted() {
		list = append(list, ch.public())
	}
	return list
}

// newID makes a random UUID of version 4, as bridges have.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newBridge makes an empty bridge and tells of it.
func (w *world) newBridge() *bridge {
	b := &bridge{w: w, id: newID()}
	w.bridges[b.id] = b
	w.s.emit(classCall, event("BridgeCreate", classCall).bridgeHeaders("", b))
	return b
}

// enter puts a channel into the bridge. swap is the channel whose place it
// takes, or nil. From then on all in the bridge belong to the oldest call.
func (b *bridge) enter(ch, swap *channel) {
	b.members = append(b.members, ch)
	ch.bridge = b
	ch.deaf = ch.deaf || b.w.s.fault.deaf && ch.bridged && len(ch.mixes) > 0
	ch.bridged = true
	b.link()
	m := event("BridgeEnter", classCall).bridgeHeaders("", b).snapshot("", ch)
	if swap != nil {
		m = m.with("SwapUniqueid", swap.uniqueID)
	}
	b.w.s.emit(classCall, m)
}

// link gives all members of a bridge the linked id of the oldest call.
func (b *bridge) link() {
	oldest := b.members[0]
	for _, ch := range b.members {
		if ch.seqOfCall() < oldest.seqOfCall() {
			oldest = ch
		}
	}
	for _, ch := range b.members {
		ch.linkedID = oldest.linkedID
	}
}

// seqOfCall returns N of the linked id, which tells which call is older.
func (ch *channel) seqOfCall() int {
	i := len(ch.linkedID)
	for i > 0 && ch.linkedID[i-1] != '.' {
		i--
	}
	n, _ := strconv.Atoi(ch.linkedID[i:])
	return n
}

// leave takes a channel out of its bridge.
func (ch *channel) leave() {
	b := ch.bridge
	if b == nil {
		return
	}
	b.members = slices.DeleteFunc(b.members, func(m *channel) bool { return m == ch })
	ch.bridge = nil
	b.w.s.emit(classCall, event("BridgeLeave", classCall).bridgeHeaders("", b).snapshot("", ch))
}

// dissolve ends an empty bridge.
func (b *bridge) dissolve() {
	if b == nil || len(b.members) > 0 || b.w.bridges[b.id] == nil {
		return
	}
	delete(b.w.bridges, b.id)
	b.w.s.emit(classCall, event("BridgeDestroy", classCall).bridgeHeaders("", b))
}
