package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// caller makes one call and treats recgate in the call's manner.
type caller struct {
	call  Call
	crm   *crm
	notes *journal
	pbx   exchange
	name  string // of the PBX: two that begin in one second give the same unique ids
	talk  *talk
	tags  []string
}

// How long a caller insists.
const (
	callTries     = 20 * time.Second // to get a line while the PBX is away
	startTries    = 15 * time.Second
	stopTries     = 4
	retrieveTries = 4
)

// play plays the call from the first ring to the last retrieval.
func (c *caller) play(ctx context.Context) {
	made := Made{Call: c.call}
	defer func() { c.notes.addCall(made) }()
	var err error
	if c.talk, err = c.ring(ctx); err != nil {
		made.Failed = err.Error()
		return
	}
	made.Began, made.CallerID, made.CalleeID = time.Now(), c.talk.caller, c.talk.callee
	c.wait(ctx, c.call.Delay)
	rounds := 1
	if c.call.Twice {
		rounds = 2
	}
	for round := range rounds {
		c.start(ctx, round)
		c.wait(ctx, c.call.Talk)
		if c.call.Stop != Never || round+1 < rounds {
			c.stop(ctx)
		}
	}
	c.wait(ctx, c.call.Linger)
	made.HangUp = time.Now()
	if c.hangUp(ctx) {
		made.Over = time.Now()
	}
	c.retrieve(ctx)
}

// ring makes the call; a PBX that is away is tried again.
func (c *caller) ring(ctx context.Context) (*talk, error) {
	for limit := time.Now().Add(callTries); ; {
		t, err := c.pbx.place(c.call)
		if err == nil || ctx.Err() != nil || time.Now().After(limit) {
			return t, err
		}
		sleep(ctx, 500*time.Millisecond)
	}
}

// wait waits, at most until the call is over.
func (c *caller) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.talk.over:
	case <-ctx.Done():
	}
}

func (c *caller) isOver() bool {
	select {
	case <-c.talk.over:
		return true
	default:
		return false
	}
}

// target is what start names, other the extension of the other party.
func (c *caller) target() string {
	switch c.call.Target {
	case CallerUniqueID:
		return c.name + "/" + c.talk.caller
	case CallerTech:
		return "PJSIP/" + c.call.Caller
	case CalleeExtension:
		return c.call.Callee
	case CalleeUniqueID:
		return c.name + "/" + c.talk.callee
	}
	return c.call.Caller
}

func (c *caller) otherExtension() string {
	if c.call.Target == CalleeExtension || c.call.Target == CalleeUniqueID {
		return c.call.Caller
	}
	return c.call.Callee
}

// start presses the button until recgate promises to record.
func (c *caller) start(ctx context.Context, round int) {
	tag := fmt.Sprintf("call %d, %d", c.call.Number, round)
	press := func(tag string, soap bool) bool {
		a, _ := c.crm.press(ctx, c.call.Patience, Ask{Call: c.call.Number, Method: "start", SOAP: soap, Key: c.target(), Tag: tag})
		return a.OK()
	}
	c.tags = append(c.tags, tag)
	if c.call.Starts == Together {
		var both sync.WaitGroup
		c.tags = append(c.tags, tag+" too")
		both.Go(func() { c.insist(ctx, func() bool { return press(tag, false) }) })
		both.Go(func() { c.insist(ctx, func() bool { return press(tag+" too", true) }) })
		both.Wait()
		return
	}
	c.insist(ctx, func() bool { return press(tag, c.call.SOAP) })
	switch c.call.Starts {
	case Again:
		press(tag, c.call.SOAP)
	case Retagged:
		c.tags = append(c.tags, tag+" again")
		press(tag+" again", c.call.SOAP)
	}
}

// insist tries until it is done, the call is over or it has been long enough.
func (c *caller) insist(ctx context.Context, try func() bool) {
	for limit := time.Now().Add(startTries); !try() && !c.isOver() && ctx.Err() == nil && time.Now().Before(limit); {
		c.wait(ctx, c.call.Pause)
	}
}

// stop presses the other button, a few times.
func (c *caller) stop(ctx context.Context) {
	key := c.target()
	if c.call.Stop == Other {
		key = c.otherExtension()
	}
	for range stopTries {
		a, _ := c.crm.press(ctx, c.call.Patience, Ask{Call: c.call.Number, Method: "stop", SOAP: c.call.SOAP, Key: key})
		if a.OK() || a.Status == http.StatusNotFound || c.isOver() || ctx.Err() != nil {
			return
		}
		c.wait(ctx, c.call.Pause)
	}
}

// hangUp reports whether the call is over.
func (c *caller) hangUp(ctx context.Context) bool {
	for range 5 {
		if c.isOver() {
			return true
		}
		if err := c.talk.hangUp(); err == nil || strings.Contains(err.Error(), "No such channel") {
			return true
		}
		sleep(ctx, 500*time.Millisecond)
	}
	return false
}

// retrieve asks for the recording, by tag and by unique id in turn.
func (c *caller) retrieve(ctx context.Context) {
	id := c.talk.caller
	if c.call.Target == CalleeExtension || c.call.Target == CalleeUniqueID {
		id = c.talk.callee
	}
	for try := range retrieveTries {
		a := Ask{Call: c.call.Number, Method: "retrieve", SOAP: c.call.SOAP, Key: c.tags[len(c.tags)-1]}
		if (try+c.call.Number)%2 == 0 {
			a.Method, a.Key = "retrieveByUniqueId", id
		}
		if a, _ = c.crm.press(ctx, c.call.Patience, a); a.OK() {
			return
		}
		sleep(ctx, time.Second+c.call.Pause)
	}
}

// sleep waits, at most until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
