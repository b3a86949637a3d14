package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"recgate/asterisk/sim"
)

// TestLogLines: what one request did can be found by its id, no line holds a
// key twice, and a duration is a number that says of what.
func TestLogLines(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	id := o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22").header.Get("X-Request-Id")
	call.Hangup()
	o.awaitSettled(t, "22")
	refused := o.want(t, http.StatusNotFound, nil, "stop", "extenOrUniqueId", "410").header.Get("X-Request-Id")
	o.sim.Misbehave(sim.Misbehaviour{Kind: sim.Away})
	line := func(msg, request string) (found map[string]any) {
		await(t, msg, func() bool {
			for _, l := range o.journal.lines(t, 0) {
				if l["msg"] == msg && (request == "" || l["request"] == request) {
					found = l
				}
			}
			return found != nil
		})
		return found
	}
	for _, want := range []struct{ msg, request, number string }{
		{"request", id, "took_ms"},
		{"recording started", id, ""},
		{"recording settled", "", "duration_ms"},
		{"request refused", refused, ""},
		{"not connected to the PBX", "", "retry_ms"},
	} {
		got := line(want.msg, want.request)
		if _, is := got[want.number].(float64); want.number != "" && !is {
			t.Errorf("%s is no number in %v", want.number, got)
		}
	}
	for text := range strings.Lines(o.journal.String()) {
		if key := findKeyTwice(t, text); key != "" {
			t.Errorf("%s is twice in %s", key, text)
		}
	}
}

// findKeyTwice returns the first key that stands twice in a line of JSON.
func findKeyTwice(t *testing.T, line string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	seen := map[string]bool{}
	if _, err := d.Token(); err != nil { // the brace
		t.Fatal(err)
	}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if seen[key.(string)] {
			return key.(string)
		}
		seen[key.(string)] = true
	}
	return ""
}

func TestKeyTwice(t *testing.T) {
	var out bytes.Buffer
	newLog(&out, "json", slog.LevelInfo).With("pbx", "a").Info("x", "pbx", "b", "took_ms", time.Second.Milliseconds())
	if got := findKeyTwice(t, out.String()); got != "pbx" {
		t.Errorf("found %q in %s", got, out.String())
	}
}
