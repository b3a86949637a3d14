package chaos

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"recgate/asterisk/sim"
	"recgate/internal/await"
	"recgate/lab"
)

// exchange is a PBX whose telephones make the calls.
type exchange interface {
	account() (address, user, secret string) // of AMI
	// place makes a call and returns when both sides talk.
	place(c Call) (*talk, error)
	// kill ends the PBX as kill -9 does and starts it again after a while;
	// restart does it in order. Their calls are over.
	kill(after time.Duration) error
	restart() error
	// actions is what a simulated PBX was asked so far, in each of its lives:
	// unique ids may begin again with the next.
	actions() [][]sim.Action
}

// talk is a call in progress.
type talk struct {
	caller, callee string // unique ids
	hangUp         func() error
	over           <-chan struct{} // closed when it is known to be over; may be nil
}

// simulatedPBX is a simulated Asterisk.
type simulatedPBX struct {
	options sim.Options
	mu      sync.Mutex // guards all that follows
	server  *sim.Server
	end     func() error
	asked   [][]sim.Action // of servers that have ended
}

func newSimulatedPBX(version int, listen, spool string) (*simulatedPBX, error) {
	i := &simulatedPBX{options: sim.Options{
		Version: version, Listen: listen, Spool: spool, Refusal: 10 * time.Millisecond,
		Users: []sim.User{{Name: "recorder", Secret: "recorder-secret", Read: "call,cdr", Write: "call,system"}},
	}}
	return i, i.start()
}

// start runs a new server.
func (i *simulatedPBX) start() error {
	server, err := sim.New(i.options)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	i.server, i.end = server, func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(await.Patience):
			return fmt.Errorf("the simulated Asterisk had not ended after %v", await.Patience)
		}
	}
	return nil
}

func (i *simulatedPBX) current() *sim.Server {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.server
}

func (i *simulatedPBX) account() (address, user, secret string) {
	return i.options.Listen, "recorder", "recorder-secret"
}

func (i *simulatedPBX) place(c Call) (*talk, error) {
	s := i.current()
	s.Tone(c.Caller, c.Hertz[0])
	s.Tone(c.Callee, c.Hertz[1])
	call, err := s.Call(c.Caller, c.Callee, sim.CallOptions{})
	if err != nil {
		return nil, err
	}
	return &talk{
		caller: call.Caller().UniqueID, callee: call.Callee().UniqueID, over: call.Done(),
		hangUp: func() error {
			call.Hangup()
			return nil
		},
	}, nil
}

func (i *simulatedPBX) kill(after time.Duration) error {
	i.current().Misbehave(sim.Misbehaviour{Kind: sim.Away, For: after})
	i.current().Restart()
	return nil
}

func (i *simulatedPBX) restart() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.end(); err != nil {
		return fmt.Errorf("stop the simulated Asterisk: %w", err)
	}
	i.asked = append(i.asked, i.server.Actions())
	return i.start()
}

func (i *simulatedPBX) actions() [][]sim.Action {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append(i.asked[:len(i.asked):len(i.asked)], i.server.Actions())
}

// close ends it; an error of that is the test's.
func (i *simulatedPBX) close(t testing.TB) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.end(); err != nil {
		t.Error(err)
	}
}

// realPBX is a real Asterisk.
type realPBX struct{ lab *lab.Lab }

func newRealPBX(t testing.TB, version int, spool string) *realPBX {
	t.Helper()
	var more []string
	callers, callees := realLines(version)
	for line := range callers {
		for digit := range 10 {
			more = append(more, fmt.Sprintf("4%d%d", callers[line], digit), fmt.Sprintf("5%d%d", callees[line], digit))
		}
	}
	return &realPBX{lab.Start(t, version, lab.Options{Spool: spool, Extensions: more, Punctual: true})}
}

func (o *realPBX) account() (address, user, secret string) {
	return o.lab.AMI, "recorder", o.lab.Secret("recorder")
}

// longestCall is when a telephone of the lab hangs up by itself.
const longestCall = 90 // seconds

func (o *realPBX) place(c Call) (*talk, error) {
	call, err := o.lab.TryCall(c.Caller, c.Callee, longestCall, "pjsip")
	if err != nil {
		return nil, err
	}
	return &talk{
		caller: call.CallerUniqueID, callee: call.CalleeUniqueID,
		hangUp: func() error { return o.lab.TryHangup(call.CallerUniqueID) },
	}, nil
}

func (o *realPBX) kill(after time.Duration) error {
	o.lab.Kill()
	time.Sleep(after)
	return o.lab.TryRestart()
}

func (o *realPBX) restart() error { return o.lab.TryRestart() }

func (o *realPBX) actions() [][]sim.Action { return nil }
