package asterisk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
	"recgate/internal/await"
	"recgate/recording"
)

func TestChoose(t *testing.T) {
	mix, mon := []string{"MixMonitor", "StopMixMonitor"}, []string{"Monitor", "StopMonitor"}
	both := append(append([]string{}, mix...), mon...)
	for _, tt := range []struct {
		wanted string
		have   []string
		want   string
		says   string
	}{
		{Auto, both, MixMonitor, ""},
		{Auto, mon, Monitor, ""},
		{Auto, append([]string{"StopMixMonitor"}, mon...), Monitor, ""}, // class call alone
		{Auto, []string{"StopMixMonitor"}, "", `add "system" to its write line in manager.conf`},
		{MixMonitor, both, MixMonitor, ""},
		{MixMonitor, mon, "", `may not use MixMonitor: add "system"`},
		{MixMonitor, mix[:1], "", `add "system"`},
		{Monitor, both, Monitor, ""},
		{Monitor, mix, "", `may not use Monitor: add "call"`},
	} {
		p, err := newPBX(Config{Name: "pbx1", Client: ami.Options{Username: "u"}, Recorder: tt.wanted, Spool: "/s"}, newScripted(), nil)
		if err != nil {
			t.Fatal(err)
		}
		have := rights{}
		for _, a := range tt.have {
			have[a] = true
		}
		r, err := p.choose(have)
		if tt.want == "" {
			code(t, err, recording.Unavailable, tt.says)
		} else if err != nil || r.name() != tt.want {
			t.Errorf("%s of %v: %v, %v; want %s", tt.wanted, tt.have, r, err, tt.want)
		}
	}
}

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
		heard    = "proved: events of class call arrive"
		notHeard = "not proved: no call began or ended since the login; make a call while this check runs, or watch the first minutes of serve"
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
	await.Until(t, "the event to be heard", r.hasHeard)
	if found, err = r.check(t.Context()); err != nil || !strings.HasSuffix(found["channels"], "call: "+heard) {
		t.Errorf("Check found %q, %v", found, err)
	}
}

func TestFaults(t *testing.T) {
	p, err := newPBX(Config{Name: "pbx1", Client: ami.Options{Username: "u"}, Spool: "/s"}, newScripted(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		err       error
		want      recording.Code
		says      string
		uncertain bool
	}{
		{ami.NotConnected(errCut), recording.Unavailable, `the PBX "pbx1" is not connected`, false},
		{ami.NotConnected(fmt.Errorf("log in: %w", ami.ErrAuth)), recording.Unavailable, `refuses the login: check username, secret`, false},
		{ami.NotConnected(fmt.Errorf("log in: %w", ami.ErrInUse)), recording.Unavailable, `one login of the user "u" at a time, and it is in use: write allowmultiplelogin = yes`, false},
		{ami.ErrLost, recording.Unavailable, "was lost before it answered", true},
		{fmt.Errorf("x: %w", ami.ErrBusy), recording.Unavailable, `"pbx1" is busy with earlier requests`, false},
		{fmt.Errorf("x: %w", ami.ErrTimeout), recording.Unavailable, "did not answer in time", true},
		{context.DeadlineExceeded, recording.Unavailable, "did not answer in time", true},
		{context.Canceled, recording.Unavailable, "cancelled", true},
		{ami.ErrUnsafe, recording.Internal, "internal error", false},
		{ami.ErrProtocol, recording.Unavailable, "does not understand: see the log", false},
		{&ami.ResponseError{Action: "Monitor", Message: denied, Denied: true}, recording.Unavailable, `the user "u" of the PBX "pbx1" may not use Monitor: add "call"`, false},
		{&ami.ResponseError{Action: "Monitor", Message: noSuchChannel}, recording.NotFound, "the call has ended", false},
		{&ami.ResponseError{Action: "Monitor", Message: "Boo"}, recording.Unavailable, `the PBX "pbx1" refuses Monitor: "Boo"`, false},
		{errEnded, recording.NotFound, "ended already", false},
	} {
		got := p.fault(tt.err)
		code(t, got, tt.want, tt.says)
		if errors.Is(got, recording.ErrUncertain) != tt.uncertain {
			t.Errorf("%v is uncertain: %v, want %v", got, !tt.uncertain, tt.uncertain)
		}
	}
	if p.fault(nil) != nil {
		t.Error("nil is an error")
	}
}

func TestConfig(t *testing.T) {
	good := Config{Name: "pbx1", Spool: "/var/spool/asterisk/monitor/recgate"}
	for says, edit := range map[string]func(*Config){
		"":                      func(*Config) {},
		"name is empty":         func(c *Config) { c.Name = "" },
		`recorder "best"`:       func(c *Config) { c.Recorder = "best" },
		`spool ""`:              func(c *Config) { c.Spool = "" },
		`spool "/a,b"`:          func(c *Config) { c.Spool = "/a,b" },
		`spool "/a b"`:          func(c *Config) { c.Spool = "/a b" },
		`spool "/$(x)"`:         func(c *Config) { c.Spool = "/$(x)" },
		`spool "/a\nb"`:         func(c *Config) { c.Spool = "/a\nb" },
		`spool "/a/../b"`:       func(c *Config) { c.Spool = "/a/../b" },
		`spool "../b"`:          func(c *Config) { c.Spool, c.Mount = "../b", "/m" },
		"mount is empty":        func(c *Config) { c.Spool = "recgate" },
		"action_connections -1": func(c *Config) { c.Actions = -1 },
		"verify_start":          func(c *Config) { c.VerifyStart = -1 },
		"extension_from":        func(c *Config) { c.Extensions.From = "moon" },
		"extensions[0]":         func(c *Config) { c.Extensions.Mappings = []Mapping{{}} },
	} {
		c := good
		edit(&c)
		_, err := NewPBX(c)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("NewPBX(%+v) = %v, want %q", c, err, says)
		}
	}
}
