package ami_test

import (
	"errors"
	"testing"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// TestMark: an event that waits in the server while it answers the first ping
// has been told when Mark returns.
func TestMark(t *testing.T) {
	pings := 0
	o := amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		if a.Get("Action") != "Ping" {
			return
		}
		p.Send(amitest.Answer(a, "Success", "Ping: Pong"))
		if pings++; pings == 1 {
			p.Send([]string{"Event: Newchannel", "Uniqueid: 1.1"})
		}
	}))
	var told []string
	c := runWith(t, o, nil, func(s ami.Signal) {
		switch s.Kind {
		case ami.SignalEvent:
			told = append(told, s.Message.Get("Uniqueid"))
		case ami.SignalMark:
			close(s.Mark)
		}
	})
	await.Until(t, "the login", func() bool { up, _ := c.State(); return up })
	if err := c.Mark(t.Context()); err != nil || len(told) != 1 {
		t.Errorf("told %v, %v; want the event", told, err)
	}
	c.stop()
	if err := c.Mark(t.Context()); !errors.Is(err, ami.ErrDown) {
		t.Errorf("after the end: %v", err)
	}
}
