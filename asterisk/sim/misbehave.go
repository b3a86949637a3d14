package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is a way to misbehave.
type Kind int

// The ways to misbehave. Those that last do so for the time given, or until
// Behave when none is given.
const (
	Drop        Kind = iota + 1 // closes all connections, once
	Stall                       // answers and tells nothing for a while; then everything comes at once
	Refuse                      // refuses logins
	Deny                        // denies the right to run Action
	NoFile                      // says that it records, and makes no file
	SlowFile                    // makes the file of a recording only Delay after its start
	Flood                       // sends Count events to everybody who sees class call, once
	HalfOpen                    // lets all connections of now stay open, but nothing passes any more
	EndlessLine                 // sends everybody a line of Count bytes without an end, once
	Away                        // closes all connections, and every new one at once
	Deaf                        // as Debian's builds of 22: what a recorded channel hears is lost after a change of partner
	Full                        // makes files, and nothing goes into them: the disk is full
	SlowClose                   // writes the rest of a file and closes it only Delay after its end
	Unload                      // has not loaded Module; without format_wav it makes no files
)

// Misbehaviour is a thing that a good server does not do.
type Misbehaviour struct {
	Kind   Kind
	For    time.Duration // how long a lasting one lasts, by the server's clock; 0: until Behave
	Action string        // Deny: which action
	Module string        // Unload: which module, without .so
	Delay  time.Duration // SlowFile, SlowClose
	Count  int           // Flood (default 10000), EndlessLine (default 1 MiB)
}

// faults are the lasting misbehaviours, and what else outlives a restart.
type faults struct {
	stalled  chan struct{} // not nil: closed when the stall is over
	refuse   bool
	away     bool
	noFile   bool
	deaf     bool
	full     bool
	slowFile time.Duration
	slowEnd  time.Duration
	denied   map[string]bool // by lower-case name
	unloaded map[string]bool // modules
	ends     []scheduled     // when each of them ends
	tones    map[string]float64
	places   map[tonePlace]float64 // what AddTone has added
}

func (f *faults) denies(action string) bool { return f.denied[strings.ToLower(action)] }

// Misbehave makes the server do what m says, from now on.
func (s *Server) Misbehave(m Misbehaviour) {
	defer s.change()()
	f := &s.fault
	switch m.Kind {
	case Drop:
		s.dropAll()
	case Stall:
		f.endStall()
		f.stalled = make(chan struct{})
	case Refuse:
		f.refuse = true
	case Deny:
		if f.denied == nil {
			f.denied = map[string]bool{}
		}
		f.denied[strings.ToLower(m.Action)] = true
	case NoFile, Deaf, Full, SlowFile, SlowClose, Unload:
		f.record(m)
	case Flood:
		s.world.flood(or(m.Count, 10000))
	case HalfOpen:
		for c := range s.sessions {
			c.vanish()
		}
	case EndlessLine:
		for c := range s.sessions {
			c.queue([]byte("Event: " + strings.Repeat("A", or(m.Count, 1<<20))))
		}
	case Away:
		f.away = true
		s.dropAll()
	}
	if m.For > 0 {
		f.ends = append(f.ends, scheduled{s.o.Now().Add(m.For), func() { f.end(m.Kind) }})
	}
}

// record takes the misbehaviours of recorders.
func (f *faults) record(m Misbehaviour) {
	switch m.Kind {
	case NoFile:
		f.noFile = true
	case Deaf:
		f.deaf = true
	case Full:
		f.full = true
	case SlowFile:
		f.slowFile = m.Delay
	case SlowClose:
		f.slowEnd = m.Delay
	case Unload:
		if f.unloaded == nil {
			f.unloaded = map[string]bool{}
		}
		f.unloaded[m.Module] = true
	}
}

func or(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// Behave ends all misbehaviours that last.
func (s *Server) Behave() {
	defer s.change()()
	s.fault.ends = nil
	for kind := Drop; kind <= Unload; kind++ {
		s.fault.end(kind)
	}
}

func (f *faults) end(kind Kind) {
	switch kind {
	case Stall:
		f.endStall()
	case Refuse:
		f.refuse = false
	case Deny:
		f.denied = nil
	case NoFile:
		f.noFile = false
	case Deaf:
		f.deaf = false
	case Full:
		f.full = false
	case Unload:
		f.unloaded = nil
	case SlowFile:
		f.slowFile = 0
	case SlowClose:
		f.slowEnd = 0
	case Away:
		f.away = false
	}
}

// endDue ends the misbehaviours whose time is over.
func (f *faults) endDue(now time.Time) {
	f.ends = slices.DeleteFunc(f.ends, func(d scheduled) bool {
		if d.at.After(now) {
			return false
		}
		d.do()
		return true
	})
}

func (f *faults) endStall() {
	if f.stalled != nil {
		close(f.stalled)
		f.stalled = nil
	}
}

// passStall waits while the server stalls, and reports whether ctx let it.
func (c *session) passStall(ctx context.Context) bool {
	c.s.mu.Lock()
	stalled := c.s.fault.stalled
	c.s.mu.Unlock()
	if stalled == nil {
		return true
	}
	select {
	case <-stalled:
		return true
	case <-ctx.Done():
		return false
	}
}

// dropAll closes all connections, with whatever was not sent yet.
func (s *Server) dropAll() {
	for c := range s.sessions {
		c.vanish()
		_ = c.conn.Close()
	}
}

// flood sends many harmless events, of a channel that hangs up behind them.
func (w *world) flood(count int) {
	phantom := &channel{w: w, name: "Local/flood@internal-ffffffff;1", uniqueID: "1.0", linkedID: "1.0", context: "internal", caller: nobody(), connected: nobody()}
	for n := range count {
		phantom.exten = fmt.Sprint(n)
		phantom.tell("NewConnectedLine")
	}
	phantom.tell("Hangup")
}

// Restart does what a killed and restarted Asterisk shows: all connections
// and calls are gone without an event, the counters begin at 0 again, and
// nobody completes the files that were being recorded. What the server was
// told of tones and misbehaviour stays.
func (s *Server) Restart() {
	defer s.change()()
	s.dropAll()
	for t := range s.world.files {
		if t.file != nil {
			_ = t.file.Close() // its header keeps the sizes 0, pending samples are lost
		}
	}
	over := map[*Call]bool{}
	for _, ch := range s.world.byID {
		ch.gone = true
		if ch.call != nil && ch.call.live > 0 {
			over[ch.call] = true
		}
	}
	for call := range over {
		call.live = 0
		close(call.done)
	}
	s.world = newWorld(s)
}
