package ami_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recgate/ami"
	"recgate/ami/amitest"
)

// TestWhatArrivesIsWhatWasAsked: over a real connection the server reads
// exactly the headers that were asked for, or nothing at all. A Ping after each
// action shows that nothing came in between.
func TestWhatArrivesIsWhatWasAsked(t *testing.T) {
	arrived := make(chan ami.Message, 1000)
	c := run(t, amitest.OnLoopback(t, amitest.Obey(func(p *amitest.Peer, a ami.Message) {
		arrived <- noID(a)
		amitest.Succeed(p, a)
	})))
	c.next(t, ami.SignalUp)
	hostile := "\r\n\x00"
	text := rapid.StringOf(rapid.SampledFrom([]rune("aA1: \t\r\n\x00,;é")))
	rapid.Check(t, func(rt *rapid.T) {
		a := ami.NewAction("Setvar", "Variable", text.Draw(rt, "variable"), "V"+text.Draw(rt, "name"), text.Draw(rt, "value"))
		unsafe := strings.ContainsAny(a[1].Value+a[2].Value, hostile) || strings.ContainsAny(a[2].Name, hostile+":")
		_, err := c.Do(t.Context(), a)
		if errors.Is(err, ami.ErrUnsafe) != unsafe || !unsafe && err != nil {
			rt.Fatalf("Do(%q) = %v", a, err)
		}
		want := []ami.Message{{{Name: "Action", Value: "Ping"}}}
		if !unsafe {
			want = append([]ami.Message{ami.Message(a)}, want...)
		}
		if _, err := c.Do(t.Context(), ami.NewAction("Ping")); err != nil {
			rt.Fatal(err)
		}
		for _, w := range want {
			if diff := cmp.Diff(w, <-arrived); diff != "" {
				rt.Fatalf("arrived (-asked +read):\n%s", diff)
			}
		}
	})
}
