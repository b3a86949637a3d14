// Package proof makes a test call and follows it from end to end, the way a
// CRM would: it lets a PBX call itself, starts and stops the recording by the
// legacy endpoint, hangs up, fetches the recording by the endpoint, and looks
// for the call's tone in what came back. Nothing on the way is asked
// whether it works: only sound that was played and comes back is a proof.
//
// Start reading at Test.Run. "recgate check --record" and the key self_test
// are built on it.
package proof

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"recgate/recording"
)

// TagPrefix begins the tags of the recordings that tests make.
const TagPrefix = "recgate self-test "

// Username is on whose behalf a test retrieves, as the access log has it.
const Username = "recgate self-test"

// PBX can call itself.
type PBX interface {
	// Name is the name in the configuration.
	Name() string
	// TestCall makes a call to the extension to, EXTENSION@CONTEXT, and
	// returns the unique id of the channel to record once that is up.
	TestCall(ctx context.Context, to string) (uniqueID string, err error)
	// EndTestCall hangs it up; a call that is over is not an error.
	EndTestCall(ctx context.Context, uniqueID string) error
}

// Test is one test call.
type Test struct {
	PBX      PBX
	Call     string        // EXTENSION@CONTEXT; it answers and plays Hertz
	Hertz    float64       // default 1000
	Length   time.Duration // of the sound; default 2 s
	Endpoint Endpoint
	// Report is called after each step that succeeded, with what was seen; it may be
	// nil.
	Report func(step, detail string)
}

// The steps, in their order.
const (
	StepCall     = "test call"
	StepStart    = "test start"
	StepStop     = "test stop"
	StepHangup   = "test hangup"
	StepRetrieve = "test retrieve"
	StepSound    = "test sound"
)

// StepError says at which step a test failed.
type StepError struct {
	Step string
	Err  error
}

// Error implements error.
func (e *StepError) Error() string { return fmt.Sprintf("the %s failed: %v", e.Step, e.Err) }

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }

// How long a test's parts may take, besides the sound itself.
const (
	callLimit     = 8 * time.Second
	stepLimit     = 9 * time.Second  // of the endpoint; it promises 5 s
	retrieveLimit = 15 * time.Second // until the call's end is noted and its file collected
	again         = 200 * time.Millisecond
)

// Run makes the test and returns what it found wrong, a *StepError. Whatever
// happens, the call is hung up.
func (t Test) Run(ctx context.Context) error {
	if t.Hertz == 0 {
		t.Hertz = 1000
	}
	if t.Length == 0 {
		t.Length = 2 * time.Second
	}
	if t.Report == nil {
		t.Report = func(string, string) {}
	}
	tag, err := newTag()
	if err != nil {
		return err
	}
	recorded, err := t.record(ctx, tag)
	if err != nil {
		return err
	}
	wav, err := t.retrieve(ctx, tag)
	if err != nil {
		return &StepError{StepRetrieve, err}
	}
	t.Report(StepRetrieve, fmt.Sprintf("%d bytes came back for the tag %q", len(wav), tag))
	heard, err := listen(wav, t.Hertz)
	if err == nil {
		err = heard.check(recorded, t.Hertz)
	}
	if err != nil {
		return &StepError{StepSound, err}
	}
	t.Report(StepSound, fmt.Sprintf("%.1f s, %.0f %% of it the tone of %.0f Hz", heard.length.Seconds(), heard.share, t.Hertz))
	return nil
}

// span is how long the recording ran: at least, and at most.
type span struct{ least, most time.Duration }

// record makes the call, has it recorded and ends it.
func (t Test) record(ctx context.Context, tag string) (recorded span, err error) {
	calling, cancel := context.WithTimeout(ctx, callLimit)
	id, err := t.PBX.TestCall(calling, t.Call)
	cancel()
	if err != nil {
		return recorded, &StepError{StepCall, err}
	}
	t.Report(StepCall, fmt.Sprintf("%s is up on %s as %s", t.Call, t.PBX.Name(), id))
	recorded, err = t.startAndStop(ctx, id, tag)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	if e := t.PBX.EndTestCall(ending, id); e != nil {
		return recorded, errors.Join(err, &StepError{StepHangup, e})
	}
	if err == nil {
		t.Report(StepHangup, "done")
	}
	return recorded, err
}

func (t Test) startAndStop(ctx context.Context, id, tag string) (recorded span, err error) {
	which := url.Values{"extenOrUniqueId": {id}, "pbx": {t.PBX.Name()}}
	start := url.Values{"extenOrUniqueId": {id}, "pbx": {t.PBX.Name()}, "tag": {tag}}
	asked := time.Now()
	if err := t.Endpoint.askUntilKnown(ctx, "start", start); err != nil {
		return recorded, &StepError{StepStart, err}
	}
	began := time.Now()
	t.Report(StepStart, "the endpoint says that it records")
	if err := wait(ctx, t.Length); err != nil {
		return recorded, &StepError{StepStop, err}
	}
	recorded.least = time.Since(began)
	if _, err := t.Endpoint.ask(ctx, "stop", which); err != nil {
		return recorded, &StepError{StepStop, err}
	}
	recorded.most = time.Since(asked)
	t.Report(StepStop, fmt.Sprintf("after %.1f s", recorded.least.Seconds()))
	return recorded, nil
}

// retrieve asks until the recording is given out: the hangup must be noted
// first, and the file collected.
func (t Test) retrieve(ctx context.Context, tag string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, retrieveLimit)
	defer cancel()
	for {
		wav, err := t.Endpoint.fetchSound(ctx, url.Values{"tag": {tag}, "username": {Username}})
		if err == nil {
			return wav, nil
		}
		if wait(ctx, again) != nil {
			return nil, err
		}
	}
}

// newTag returns a tag that no recording has: with a fixed tag the newest recording
// could be from an earlier test.
func newTag() (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("number of the test: %w", err)
	}
	return TagPrefix + hex.EncodeToString(b[:]), nil
}

// wait returns after a while, or with the error of an ended ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return &recording.Error{Code: recording.Unavailable, Msg: "the test was cancelled", Err: ctx.Err()}
	}
}
