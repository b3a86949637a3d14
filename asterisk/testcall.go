package asterisk

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"recgate/ami"
	"recgate/recording"
)

// TestCallPrefix begins the unique ids of test calls, as a system name begins the
// unique ids of a PBX that has one.
const TestCallPrefix = "recgate-test-"

const (
	testCallRings = 3 * time.Second // until the test call must be up
	testCallLook  = 20 * time.Millisecond
)

// testCallText is what a test call may be to: an extension and a context of
// the dialplan. Nothing that Asterisk reads more into.
var testCallText = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}@[A-Za-z0-9_-]{1,40}$`)

// testCallIDText is what testCallID makes.
var testCallIDText = regexp.MustCompile(`^` + TestCallPrefix + `[0-9]{9}-[0-9]+\.[12]$`)

// TestCall lets the PBX call itself: both halves of a Local channel run the
// extension to, EXTENSION@CONTEXT, of its dialplan, which must answer and make
// itself heard. It returns the unique id of the half to be recorded once that
// is up; EndTestCall ends the call. It needs Run to be at work and the write
// class originate. Errors are Unavailable and say what is missing; then no
// call is left, as far as the PBX can be reached.
func (p *PBX) TestCall(ctx context.Context, to string) (uniqueID string, err error) {
	if !testCallText.MatchString(to) {
		return "", recording.Errorf(recording.Invalid, "%q is not a valid test call: use EXTENSION@CONTEXT with letters, digits, underscores and hyphens", to)
	}
	if err := p.session.await(ctx); err != nil {
		return "", err
	}
	if !p.session.may("Originate") {
		return "", p.account.noOriginate(nil)
	}
	id, err := testCallID(p.now())
	if err != nil {
		return "", err
	}
	extension, where, _ := strings.Cut(to, "@")
	_, err = p.server.Do(ctx, ami.NewAction("Originate", "Channel", "Local/"+to+"/n", "Context", where, "Exten", extension, "Priority", "1",
		"Timeout", fmt.Sprint(testCallRings.Milliseconds()), "Async", "true", "ChannelId", id+".1", "OtherChannelId", id+".2"))
	if err == nil {
		err = p.awaitUp(ctx, id+".1", to)
	}
	if err == nil {
		return id + ".1", nil
	}
	switch {
	case isDenied(err):
		return "", p.account.noOriginate(err)
	case answerOf(err) == isNotInDialplan:
		return "", p.account.noTestCall(err, to)
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), testCallRings)
	defer cancel()
	_ = p.EndTestCall(after, id+".1") // there may be none, and the first error says more
	return "", p.account.fault(err)
}

// EndTestCall hangs up what TestCall returned. A call that is over is not an error.
func (p *PBX) EndTestCall(ctx context.Context, uniqueID string) error {
	// Hangup reads /.../ as a pattern of names, so only our own are sent.
	if !testCallIDText.MatchString(uniqueID) {
		return recording.Errorf(recording.Invalid, "%q is not the unique id of a test call", ami.Shorten(uniqueID))
	}
	_, err := p.server.Do(ctx, ami.NewAction("Hangup", "Channel", uniqueID, "Cause", "16"))
	if err = p.account.fault(err); recording.CodeOf(err) == recording.NotFound {
		return nil
	}
	return err
}

func (a account) noOriginate(cause error) error {
	return a.unavailable(cause, "the user %q of the PBX %q may not use Originate, which test calls need: add %q to its write line in manager.conf, reload, and restart recgate",
		a.user, a.pbx, "originate")
}

func (a account) noTestCall(cause error, to string) error {
	return a.unavailable(cause, "the PBX %q made no test call: is %q in its dialplan, and does it answer at once? The lines for it are in docs/asterisk.md; the key test_call names it",
		a.pbx, to)
}

// awaitUp waits until the table has the channel as answered.
func (p *PBX) awaitUp(ctx context.Context, uniqueID, to string) error {
	short, cancel := context.WithTimeout(ctx, testCallRings)
	defer cancel()
	tick := time.NewTicker(testCallLook)
	defer tick.Stop()
	for {
		if c, live := p.table.Get(uniqueID); live && c.State == recording.Up {
			return nil
		}
		select {
		case <-tick.C:
		case <-short.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return p.account.noTestCall(nil, to)
		}
	}
}

// testCallID makes a unique id, less its counter, that no channel ever had.
func testCallID(now time.Time) (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1e9))
	if err != nil {
		return "", fmt.Errorf("number of a test call: %w", err)
	}
	return fmt.Sprintf("%s%09d-%d", TestCallPrefix, n, now.Unix()), nil
}
