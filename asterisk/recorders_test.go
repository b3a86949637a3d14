package asterisk

import (
	"testing"

	"recgate/ami"
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
		r, err := p.recorders.choose(have)
		if tt.want == "" {
			code(t, err, recording.Unavailable, tt.says)
		} else if err != nil || r.name() != tt.want {
			t.Errorf("%s of %v: %v, %v; want %s", tt.wanted, tt.have, r, err, tt.want)
		}
	}
}
