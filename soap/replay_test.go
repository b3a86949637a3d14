package soap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCapture replays every capture that is not listed as a divergence, with
// the settings under which our answer must equal the answer of Axis: status, content
// type, body and what reached the core. docs/noojee.md lists what is
// normalised away. A capture that differs and is listed nowhere fails here.
func TestCapture(t *testing.T) {
	w := newWire(t, axisLike)
	for _, c := range captures(t) {
		if isListed(c) {
			continue
		}
		t.Run(c.variant+"/"+c.name, func(t *testing.T) {
			got := w.replay(t, c)
			if diff := cmp.Diff(c.answer, got); diff != "" {
				t.Errorf("answer differs (-captured +ours):\n%s", diff)
			}
			checkCalled(t, w, c.called)
		})
	}
}

// TestOtherStyle replays captures whose answer has the shape of the server's
// own style, while ours follows the request: it must be the answer that Axis
// gave to the same request in the other style.
func TestOtherStyle(t *testing.T) {
	w := newWire(t, axisLike)
	all := captures(t)
	swap := strings.NewReplacer("rpc", "wrapped", "wrapped", "rpc")
	for _, c := range all {
		if !slices.Contains(otherStyle[c.variant], c.name) {
			continue
		}
		t.Run(c.name+"/"+c.variant, func(t *testing.T) {
			i := slices.IndexFunc(all, func(o capture) bool { return o.name == c.name && o.variant == swap.Replace(c.variant) })
			if i < 0 {
				t.Fatal("there is no capture of the other style")
			}
			got := w.replay(t, c)
			if diff := cmp.Diff(all[i].answer, got); diff != "" {
				t.Errorf("answer differs (-captured in the other style +ours):\n%s", diff)
			}
			if got == c.answer {
				t.Error("the answer is that of its own style: take it off the list")
			}
			checkCalled(t, w, c.called)
		})
	}
}

// TestDivergence replays the captures that are answered differently on
// purpose, and checks what the answer is instead.
func TestDivergence(t *testing.T) {
	w := newWire(t, axisLike)
	for _, c := range captures(t) {
		d, ok := divergences[c.name]
		if !ok || !d.covers(c.variant) {
			continue
		}
		t.Run(c.name+"/"+c.variant, func(t *testing.T) {
			got := w.replay(t, c)
			calls, _, _ := w.rec.takeCalls()
			if called := strings.Join(calls, ","); got == c.answer && called == c.called {
				t.Error("the answer is that of Axis: take it off the list")
			} else if called != d.called {
				t.Errorf("called %q, want %q", called, d.called)
			}
			if got.Status != d.status {
				t.Errorf("status %d, want %d", got.Status, d.status)
			}
			for _, text := range d.texts {
				if !strings.Contains(got.Type+"\n"+got.Body, text) {
					t.Errorf("the answer lacks %q: %.900s", text, got.Body)
				}
			}
			for _, leak := range []string{"hostname", "java.", "stackTrace", "AXIS", "/var/lib"} {
				if strings.Contains(got.Body, leak) {
					t.Errorf("the answer holds %q", leak)
				}
			}
		})
	}
}

func checkCalled(t *testing.T, w wire, want string) {
	t.Helper()
	if calls, _, _ := w.rec.takeCalls(); strings.Join(calls, ",") != want {
		t.Errorf("called %q, want %q", calls, want)
	}
}

// isListed reports whether a capture is a divergence.
func isListed(c capture) bool {
	d, ok := divergences[c.name]
	return ok && d.covers(c.variant) || slices.Contains(otherStyle[c.variant], c.name)
}

func (d divergence) covers(variant string) bool {
	return d.variants == nil || slices.Contains(d.variants, variant)
}
