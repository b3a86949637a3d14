//go:build full

package operations_test

import (
	"strings"
	"testing"
)

// sceneProof: a PBX without the lines of the dialplan is told so; with them its
// test call is recorded by the recgate that runs.
func sceneProof(t *testing.T) {
	h := newHost(t)
	h.awaitReady(t)
	out, err := h.try(t, "proof")
	if err == nil || !strings.Contains(out, `FAILED  pbx pbx1: test call`) || !strings.Contains(out, "docs/asterisk.md") {
		t.Errorf("without the dialplan: %v\n%s", err, out)
	}
	h.sim.AddTone("tone", "recgate-test", 1000)
	out = h.run(t, "proof")
	for _, want := range []string{"is in use: fine if recgate is already running there", "ok      pbx pbx1: test sound", "% of it the tone of 1000 Hz"} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
	if ledger := h.run(t, "look"); !strings.Contains(ledger, "ready  1") {
		t.Errorf("the ledger:\n%s", ledger)
	}
}
