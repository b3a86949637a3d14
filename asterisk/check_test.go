package asterisk

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
)

// check runs Check and returns what each step found, and what is wrong.
func (r *rig) check(ctx context.Context) (found map[string]string, wrong error) {
	found = map[string]string{}
	r.Check(ctx, func(step, detail string, err error) {
		found[step] = detail
		wrong = errors.Join(wrong, err)
	})
	return found, wrong
}

func TestCheck(t *testing.T) {
	r := newRig(t, func(c *Config, s *scripted) {
		c.Client.Address = "pbx.example:5038"
		s.commands = append(s.commands, "CoreSettings")
		s.do["CoreSettings"] = func(ami.Action) (ami.Message, error) {
			return amitest.Message("Response", "Success", "AsteriskVersion", "16.28.0", "SystemName", "north"), nil
		}
	}).up(t)
	found, err := r.check(t.Context())
	const (
		heard    = "confirmed: events of class call arrive"
		notHeard = "not confirmed: no call began or ended since the login; make a call while this check runs, or watch the first minutes of serve"
	)
	want := map[string]string{
		"login":       "pbx.example:5038 as recgate (Asterisk Call Manager/5.0.4, Asterisk 16.28.0)",
		"rights":      "may MixMonitor, StopMixMonitor, Monitor, StopMonitor, CoreShowChannels, Status, Getvar, CoreSettings",
		"modules":     "unknown whether format_wav.so is loaded: ModuleCheck needs write class system; the first start will show it",
		"recorder":    "mixmonitor (auto: it exists and this user may use it)",
		"connections": "one for events and actions",
		"channels":    "2 live, listed by CoreShowChannels; read class call: " + notHeard,
	}
	if diff := cmp.Diff(want, found); diff != "" || err != nil {
		t.Errorf("Check (-want +found): %v\n%s", err, diff)
	}
	r.far.say("Newstate", "Channel", "PJSIP/410-00000001", "ChannelState", "6", "Uniqueid", "10.1", "Linkedid", "10.1")
	await.Until(t, "the event to be heard", r.session.hasHeard)
	if found, err = r.check(t.Context()); err != nil || !strings.HasSuffix(found["channels"], "call: "+heard) {
		t.Errorf("Check found %q, %v", found, err)
	}
}
