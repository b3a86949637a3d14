package sim_test

import (
	"os"
	"path/filepath"
	"testing"

	"recgate/asterisk/sim"
)

// TestMonitorFolder: with a name of its own for the spool, names that begin
// with it, and relative ones, are files of the spool, and others are not.
func TestMonitorFolder(t *testing.T) {
	spool := filepath.Join(t.TempDir(), "with a blank")
	must(t, os.Mkdir(spool, 0o750))
	s := run(t, sim.Options{Spool: spool, Monitor: "/var/spool/asterisk/monitor"})
	l := &lab{s: s, c: login(t, s, "call"), spool: spool}
	id := call(t, s, "410", "411", sim.CallOptions{}).Caller().UniqueID
	for name, file := range map[string]string{
		"/var/spool/asterisk/monitor/recgate/a.wav": "recgate/a.wav",
		"b.wav":                              "b.wav",
		spool + "/c.wav":                     "",
		"/var/spool/asterisk/other/d.wav":    "",
		"/var/spool/asterisk/monitor2/e.wav": "",
	} {
		l.ok(t, "Action: MixMonitor|Channel: %s|File: %s", id, name)
		l.ok(t, "Action: StopMixMonitor|Channel: %s", id)
		if file != "" {
			l.size(t, file)
		}
	}
	if found, err := filepath.Glob(spool + "/*"); err != nil || len(found) != 2 {
		t.Errorf("the spool holds %q, %v; want only recgate and b.wav", found, err)
	}
}
