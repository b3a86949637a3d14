package ami_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

func TestDo(t *testing.T) {
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		id := a.Get("ActionID")
		switch a.Get("Action") {
		case "Getvar": // events first, one of which lies
			p.Send(
				[]string{"Event: Newchannel", "Uniqueid: 1.1"},
				[]string{"Event: UserEvent", "ActionID: 1", "Response: Error", "ActionID: " + id},
				[]string{"Response: Success", "ActionID: 1", "Value: of somebody else"},
				amitest.Answer(a, "Success", "Value: 22"),
			)
		case "Monitor":
			p.Send(amitest.Answer(a, "Error", "Message: No such channel"))
		case "MixMonitor":
			p.Send(amitest.Answer(a, "Error", "Message: Permission denied"))
		case "Logoff":
			p.Send(amitest.Answer(a, "Goodbye", "Message: Thanks for all the fish."))
		case "Originate":
			p.Send(amitest.Answer(a, "Success"), []string{"Event: OriginateResponse", "ActionID: " + id, "Reason: 4"})
		}
	}))
	c := run(t, o)
	if up := c.next(t, ami.SignalUp); up.Version != amitest.Version {
		t.Errorf("version %q, want %q", up.Version, amitest.Version)
	}
	got, err := c.Do(t.Context(), ami.NewAction("Getvar", "Variable", "RECTAG"))
	if err != nil || got.Get("value") != "22" {
		t.Errorf("Getvar: %v, %v", got, err)
	}
	c.next(t, ami.SignalEvent)
	if s := c.next(t, ami.SignalEvent); s.Message.Get("Event") != "UserEvent" {
		t.Errorf("told %v, want the UserEvent", s.Message)
	}

	var refused *ami.ResponseError
	_, err = c.Do(t.Context(), ami.NewAction("Monitor"))
	want := &ami.ResponseError{Action: "Monitor", Message: "No such channel"}
	if !errors.As(err, &refused) || *refused != *want {
		t.Errorf("Monitor: %v, want %v", err, want)
	}
	_, err = c.Do(t.Context(), ami.NewAction("MixMonitor"))
	if !errors.As(err, &refused) || !refused.Denied {
		t.Errorf("MixMonitor: %v, want Denied", err)
	}
	if _, err := c.Do(t.Context(), ami.NewAction("Logoff")); err != nil {
		t.Errorf("Goodbye is an error: %v", err)
	}
	if _, err := c.Do(t.Context(), ami.NewAction("Originate")); err != nil {
		t.Error(err)
	}
	if s := c.next(t, ami.SignalEvent); s.Message.Get("Reason") != "4" {
		t.Errorf("told %v, want the event that carries the ActionID of Do", s.Message)
	}
}

func TestList(t *testing.T) {
	started := []string{"EventList: start", "Message: Channels will follow"}
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		id := "ActionID: " + a.Get("ActionID")
		row := func(n int) []string {
			return []string{"Event: CoreShowChannel", id, fmt.Sprintf("Uniqueid: 1.%d", n)}
		}
		switch a.Get("Action") {
		case "CoreShowChannels":
			p.Send(
				amitest.Answer(a, "Success", started...), row(1), []string{"Event: Hangup", "Uniqueid: 7.7"},
				[]string{"Event: CoreShowChannel", "ActionID: of-another-client", "Uniqueid: 6.6"}, row(2),
				[]string{"Event: CoreShowChannelsComplete", id, "EventList: Complete", "ListItems: 2"},
				row(3), // nobody waits for it any more
			)
		case "Status": // as before 1.8
			p.Send(amitest.Answer(a, "Success"), row(1), []string{"Event: StatusComplete", id, "Items: 1"})
		case "Nothing":
			p.Send(amitest.Answer(a, "Success", started...), []string{"Event: NothingComplete", id, "EventList: Complete"})
		case "Cancelled":
			p.Send(amitest.Answer(a, "Success", started...), row(1), []string{"Event: CancelledComplete", id, "EventList: cancelled"})
		case "Denied":
			p.Send(amitest.Answer(a, "Error", "Message: Permission denied"))
		}
	}))
	c := run(t, o)
	c.next(t, ami.SignalUp)
	tests := []struct {
		action string
		want   []string
		err    error
	}{
		{"CoreShowChannels", []string{"1.1", "1.2"}, nil},
		{"Status", []string{"1.1"}, nil},
		{"Nothing", nil, nil},
		{"Cancelled", nil, ami.ErrCancelled},
		{"Denied", nil, &ami.ResponseError{Action: "Denied", Message: "Permission denied", Denied: true}},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			rows, err := c.List(t.Context(), ami.NewAction(tt.action))
			var got []string
			for _, row := range rows {
				got = append(got, row.Get("Uniqueid"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.err) && fmt.Sprint(err) != fmt.Sprint(tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
		})
	}
	for _, want := range []string{"7.7", "6.6"} { // and no row
		if s := c.next(t, ami.SignalEvent); s.Message.Get("Uniqueid") != want {
			t.Errorf("told %v, want %s", s.Message, want)
		}
	}
	if len(c.signals) > 0 {
		t.Errorf("told %v as well", <-c.signals)
	}
}

// TestParallelActions: the server answers only when all 100 have come, in the
// opposite order, and never answers the one that came first.
func TestParallelActions(t *testing.T) {
	const parallel = 100
	hangs := make(chan struct{})
	var waiting []ami.Message
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		if a.Get("Action") == "Hang" {
			close(hangs)
			return
		}
		if waiting = append(waiting, a); len(waiting) < parallel {
			return
		}
		for i := range waiting {
			a := waiting[len(waiting)-1-i]
			p.Send(amitest.Answer(a, "Success", "Value: "+a.Get("Value")))
		}
	}))
	o.ActionTimeout = time.Minute
	c := run(t, o)
	c.next(t, ami.SignalUp)
	var hanging, all sync.WaitGroup
	ctx, leave := context.WithCancel(t.Context())
	hanging.Go(func() {
		if _, err := c.Do(ctx, ami.NewAction("Hang")); !errors.Is(err, context.Canceled) {
			t.Errorf("the hanging action: %v, want it to end with its context", err)
		}
	})
	await.From(t, "the action that hangs", hangs)
	for n := range parallel {
		all.Go(func() {
			value := fmt.Sprint(n)
			got, err := c.Do(t.Context(), ami.NewAction("Getvar", "Value", value))
			if err != nil || got.Get("Value") != value {
				t.Errorf("action %d: %v, %v", n, got, err)
			}
		})
	}
	await.Return(t, "all callers to return", all.Wait)
	leave()
	await.Return(t, "what hangs to be let go", hanging.Wait)
}

// TestAnswersSplitAtEveryByte sends all that a server says one byte at a time.
func TestAnswersSplitAtEveryByte(t *testing.T) {
	o := amitest.OnPipes(t, func(p *amitest.Peer) {
		p.Conn = bytewise{p.Conn}
		amitest.Obey(func(p *amitest.Peer, a ami.Message) {
			p.Send(
				[]string{"Event: Newchannel", "Uniqueid: 1.1"}, amitest.Answer(a, "Success", "EventList: start"),
				[]string{"Event: Status", "ActionID: " + a.Get("ActionID"), "Uniqueid: 1.1"}, []string{},
				[]string{"Event: StatusComplete", "ActionID: " + a.Get("ActionID"), "EventList: Complete"},
			)
		})(p)
	})
	c := run(t, o)
	c.next(t, ami.SignalUp)
	for range 3 {
		rows, err := c.List(t.Context(), ami.NewAction("Status"))
		if err != nil || len(rows) != 1 {
			t.Errorf("rows %v, %v", rows, err)
		}
		if s := c.next(t, ami.SignalEvent); s.Message.Get("Event") != "Newchannel" {
			t.Errorf("told %v", s.Message)
		}
	}
}

// bytewise writes one byte at a time; net.Pipe then gives it to one Read.
type bytewise struct{ net.Conn }

func (b bytewise) Write(text []byte) (n int, err error) {
	for ; n < len(text) && err == nil; n++ {
		_, err = b.Conn.Write(text[n : n+1])
	}
	return n, err
}
