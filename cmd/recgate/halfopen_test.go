//go:build full

package main

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"recgate/asterisk/sim"
	"recgate/recording"
)

// TestHalfOpen: the connection is open and nothing passes any more, as behind
// a firewall that has forgotten it. Starts say so until a ping, after 15 s at
// most, finds it out; then all goes on by itself. It is too slow for the fast
// tests.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.sim.Misbehave(sim.Misbehaviour{Kind: sim.HalfOpen})
	got := o.ask(t, "start", "extenOrUniqueId", "410", "tag", "during")
	if got.status != http.StatusServiceUnavailable || !strings.Contains(html.UnescapeString(got.body), `the PBX "pbx1" did not answer in time`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	await(t, "starts to work again", func() bool {
		return o.ask(t, "start", "extenOrUniqueId", "410", "tag", "after").status == http.StatusOK
	})
	o.want(t, http.StatusOK, nil, "stop", "extenOrUniqueId", "410")
	call.Hangup()
	if rec := o.awaitSettled(t, "after"); rec.State != recording.Ready {
		t.Errorf("%s: %s", rec.State, rec.Reason)
	}
	o.awaitKnown(t)
}
