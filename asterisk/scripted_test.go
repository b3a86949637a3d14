package asterisk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
	"recgate/recording"
)

// denied is what Asterisk answers for lack of a right.
const denied = "Permission denied"

// errCut is why a scripted connection is lost.
var errCut = errors.New("connection closed by the server")

// header returns the value of a header of an action.
func header(a ami.Action, name string) string { return ami.Message(a).Get(name) }

// scripted is a connection whose far end is a few maps. A test changes them
// before it signals.
type scripted struct {
	signals chan ami.Signal

	mu       sync.Mutex // guards the fields below
	sent     []ami.Action
	commands []string                                           // what ListCommands lists
	granted  []string                                           // if set, what it lists from the next login on
	rows     []ami.Message                                      // of CoreShowChannels and Status
	listed   chan struct{}                                      // if set, a listing waits for it
	listing  time.Duration                                      // what a listing takes
	tooMany  bool                                               // it is too large
	do       map[string]func(a ami.Action) (ami.Message, error) // by action
	after    func(a ami.Action)                                 // runs after each action
	renewed  int                                                // how often
	unheard  []ami.Message                                      // events that come with the next Mark
	marks    int                                                // how often Mark was asked
	marking  chan struct{}                                      // if set, a mark waits for it
}

func newScripted() *scripted {
	return &scripted{
		signals: make(chan ami.Signal, 100), do: map[string]func(ami.Action) (ami.Message, error){},
		commands: []string{"MixMonitor", "StopMixMonitor", "Monitor", "StopMonitor", "CoreShowChannels", "Status", "Getvar"},
	}
}

func (s *scripted) Run(ctx context.Context, tell func(ami.Signal)) error {
	for {
		select {
		case signal := <-s.signals:
			tell(signal)
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *scripted) State() (bool, error) { return true, nil }

func (s *scripted) Stats() ami.Stats { return ami.Stats{} }

func (s *scripted) Mark(ctx context.Context) error {
	s.mu.Lock()
	s.marks++
	unheard, marking := s.unheard, s.marking
	s.unheard = nil
	s.mu.Unlock()
	if marking != nil {
		select {
		case <-marking:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, m := range unheard {
		s.signals <- ami.Signal{Kind: ami.SignalEvent, Message: m}
	}
	heard := make(chan struct{})
	s.signals <- ami.Signal{Kind: ami.SignalMark, Mark: heard}
	select {
	case <-heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Renew logs in again at once.
func (s *scripted) Renew() bool {
	s.set(func() {
		if s.renewed++; s.granted != nil {
			s.commands = s.granted
		}
	})
	s.signals <- ami.Signal{Kind: ami.SignalDown, Err: ami.ErrAgain}
	s.signals <- ami.Signal{Kind: ami.SignalUp}
	return true
}

func (s *scripted) Do(ctx context.Context, a ami.Action) (ami.Message, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.mu.Lock()
	s.sent = append(s.sent, a)
	answer, after := s.do[header(a, "Action")], s.after
	commands := s.commands
	s.mu.Unlock()
	if after != nil {
		defer after(a)
	}
	if answer != nil {
		return answer(a)
	}
	m := amitest.Message("Response", "Success")
	if header(a, "Action") == "ListCommands" {
		for _, c := range commands {
			m = append(m, ami.Header{Name: c, Value: "Does it.  (Priv: system,call,all)"})
		}
	}
	return m, nil
}

func (s *scripted) List(ctx context.Context, a ami.Action) ([]ami.Message, error) {
	s.mu.Lock()
	s.sent = append(s.sent, a)
	rows, listed, takes, tooMany := s.rows, s.listed, s.listing, s.tooMany
	s.mu.Unlock()
	time.Sleep(takes) // of a bubble
	if tooMany {
		return nil, ami.ErrTooMany
	}
	if listed != nil {
		select {
		case <-listed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return rows, nil
}

// set changes the far end.
func (s *scripted) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// asked returns the actions of that name which were sent.
func (s *scripted) asked(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, a := range s.sent {
		if header(a, "Action") != name {
			continue
		}
		var text []string
		for _, h := range a[1:] {
			text = append(text, h.Name+": "+h.Value)
		}
		all = append(all, strings.Join(text, ", "))
	}
	return all
}

func (s *scripted) say(pairs ...string) {
	m := amitest.Message(append([]string{"Event", pairs[0], "Privilege", "call,all"}, pairs[1:]...)...)
	s.signals <- ami.Signal{Kind: ami.SignalEvent, Message: m}
}

func channelRow(name, id, bridge string) ami.Message {
	return amitest.Message(
		"Event", "CoreShowChannel",
		"Channel", name,
		"ChannelState", "6",
		"Uniqueid", id,
		"Linkedid", "10.1",
		"BridgeId", bridge,
		"Duration", "00:00:01",
	)
}

// rig is a PBX that runs on a script, with one call of 410 with 411.
type rig struct {
	*PBX
	far    *scripted
	events chan recording.Event
	mount  string
	id     recording.ID
	caller recording.Channel
}

func newRig(t *testing.T, edit func(*Config, *scripted)) *rig {
	t.Helper()
	far, mount := newScripted(), t.TempDir()
	far.rows = []ami.Message{channelRow("PJSIP/410-00000001", "10.1", "b"), channelRow("PJSIP/411-00000002", "10.2", "b")}
	c := Config{Name: "pbx1", Client: ami.Options{Username: "recgate"}, Spool: "/var/spool/rec", Mount: mount, VerifyStart: 2 * time.Second}
	if edit != nil {
		edit(&c, far)
	}
	p, err := newPBX(c, far, far)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{PBX: p, far: far, events: make(chan recording.Event, 100), mount: mount, id: "01a1fddd-8d7a-749c-81ce-26e49049a64e"}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, func(e recording.Event) { r.events <- e }) }()
	t.Cleanup(func() {
		cancel()
		if err := await.From(t, "Run to end", done); err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
	return r
}

// up logs in and waits for the table.
func (r *rig) up(t *testing.T) *rig {
	t.Helper()
	r.far.signals <- ami.Signal{Kind: ami.SignalUp, Version: "Asterisk Call Manager/5.0.4"}
	r.await(t, recording.PBXUp)
	found, err := r.Find(t.Context(), recording.Target{Text: "410", Name: "410"})
	if err != nil || len(found) != 1 {
		t.Fatalf("Find = %v, %v", found, err)
	}
	r.caller = found[0]
	return r
}

// await returns the next event, which must be of that kind.
func (r *rig) await(t *testing.T, kind recording.EventKind) recording.Event {
	t.Helper()
	select {
	case e := <-r.events:
		if e.Kind != kind || e.PBX != "pbx1" || e.At.IsZero() {
			t.Fatalf("event %+v, want kind %d", e, kind)
		}
		return e
	case <-time.After(10 * time.Second):
		t.Fatalf("no event of kind %d", kind)
	}
	return recording.Event{}
}

// writes makes the far end write a file when it is asked for something.
func (r *rig) writes(t *testing.T, action, name string, answer ami.Message) {
	r.far.set(func() {
		r.far.do[action] = func(ami.Action) (ami.Message, error) {
			if err := os.WriteFile(filepath.Join(r.mount, name), make([]byte, 44), 0o644); err != nil {
				t.Error(err)
			}
			return append(amitest.Message("Response", "Success"), answer...), nil
		}
	})
}

// refuse makes the far end refuse an action.
func (r *rig) refuse(action, text string) {
	r.far.set(func() {
		r.far.do[action] = func(ami.Action) (ami.Message, error) {
			return nil, &ami.ResponseError{Action: action, Message: text, Denied: text == denied}
		}
	})
}

// vars answers Getvar.
func (r *rig) vars(values map[string]string) {
	r.far.set(func() {
		r.far.do["Getvar"] = func(a ami.Action) (ami.Message, error) {
			return amitest.Message("Response", "Success", "Value", values[header(a, "Variable")]), nil
		}
	})
}
