package chaos

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Ask is one request to recgate, and what came of it.
type Ask struct {
	Call       int
	Method     string // start, stop, retrieve, retrieveByUniqueId
	SOAP       bool
	Key        string // extenOrUniqueId, tag or unique id
	Tag        string // of a start
	Sent, Done time.Time
	Status     int    // 0: no answer came in time
	Said       string // the beginning of the answer, or of the error
	Refused    bool   // nobody listened: nothing was asked
}

// OK reports whether success was promised.
func (a Ask) OK() bool { return a.Status == 200 }

func (a Ask) String() string {
	door := "GET"
	if a.SOAP {
		door = "SOAP"
	}
	text := fmt.Sprintf("%s %s by %s %s", a.Sent.Format("15:04:05.000"), a.Method, door, a.Key)
	if a.Tag != "" {
		text += " tag " + a.Tag
	}
	return fmt.Sprintf("%s: %d after %s %.160s", text, a.Status, a.Done.Sub(a.Sent).Round(time.Millisecond), a.Said)
}

// Made is a call as it was made.
type Made struct {
	Call
	CallerID, CalleeID string    // unique ids
	Began              time.Time // both sides talk
	HangUp             time.Time // somebody is about to hang up
	Over               time.Time // it is over; zero: nobody knows when
	Failed             string    // why it was never made
}

// Span is a fault while it lasted.
type Span struct {
	Kind     Kind
	PBX      int
	From, To time.Time
	Struck   time.Time // it is in effect: of a PBX that ends, that it has started again
}

// touches reports whether the span lasts at some time from a to b, or did until
// so long before.
func (s Span) touches(a, b time.Time, before time.Duration) bool {
	return !s.From.After(b) && !s.To.Add(before).Before(a)
}

// endedCall reports whether the span ended the call.
func (s Span) endedCall(m Made) bool {
	hungUp := !m.HangUp.IsZero() && m.HangUp.Before(s.From)
	return s.Kind.endsCalls() && s.PBX == m.PBX && m.Began.Before(s.Struck) && !hungUp
}

// journal is what the run did, and what it was told.
type journal struct {
	mu    sync.Mutex // guards all that follows
	asks  []Ask
	calls map[int]Made
	spans []Span
}

func newJournal() *journal { return &journal{calls: map[int]Made{}} }

func (j *journal) addAsk(a Ask) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asks = append(j.asks, a)
}

func (j *journal) addCall(m Made) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls[m.Number] = m
}

func (j *journal) addFault(s Span) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spans = append(j.spans, s)
}

// asksOf returns what was asked for a call, in the order in which it was sent.
func (j *journal) asksOf(call int) []Ask {
	var all []Ask
	for _, a := range j.asks {
		if a.Call == call {
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b Ask) int { return a.Sent.Compare(b.Sent) })
	return all
}

// faultsDuring describes the faults in a span of time.
func (j *journal) faultsDuring(a, b time.Time) string {
	var all []string
	for _, s := range j.spans {
		if s.touches(a, b, 20*time.Second) {
			all = append(all, fmt.Sprintf("%s (PBX %d) %s to %s", s.Kind, s.PBX, s.From.Format("15:04:05.000"), s.To.Format("15:04:05.000")))
		}
	}
	return strings.Join(all, "; ")
}

// describeCall is all that is known of a call, for a person who looks for the reason.
func (j *journal) describeCall(call int) string {
	m := j.calls[call]
	var b strings.Builder
	fmt.Fprintf(&b, "    call %d on PBX %d: %s (%s) with %s (%s), %v Hz, talked %s to %s, hung up %s\n", call, m.PBX,
		m.Caller, m.CallerID, m.Callee, m.CalleeID, m.Hertz, m.Began.Format("15:04:05.000"), m.Over.Format("15:04:05.000"), m.HangUp.Format("15:04:05.000"))
	last := m.Over
	for _, a := range j.asksOf(call) {
		fmt.Fprintf(&b, "      %s\n", a)
		last = a.Done
	}
	fmt.Fprintf(&b, "      faults: %s\n", j.faultsDuring(m.Began, last))
	return b.String()
}
