package ami_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/ami"
	"recgate/ami/amitest"
)

// exchange is one captured action and all that the server said until the next.
type exchange struct {
	action ami.Action // without its ActionID
	id     string     // the captured ActionID
	said   string
}

var blockMark = regexp.MustCompile(`(?m)^(?:>>> |<<< |### ).*\n`)

// conversation reads a transcript.
func conversation(t *testing.T, file string) []exchange {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []exchange
	marks := blockMark.FindAllIndex(text, -1)
	for i, mark := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		block := string(text[mark[1]:end])
		switch string(text[mark[0] : mark[0]+4]) {
		case ">>> ":
			all = append(all, sent(block))
		case "<<< ":
			if !strings.HasPrefix(block, "Asterisk Call Manager/") {
				all[asker(all, block)].said += block
			}
		}
	}
	return all
}

// asker returns the place of the action that a block answers: the program that
// made the captures asked on before some listings had ended. An event for
// everybody belongs to the last action.
func asker(all []exchange, block string) int {
	for i, e := range all {
		if e.id != "" && strings.Contains(block, "\nActionID: "+e.id+"\r\n") {
			return i
		}
	}
	return len(all) - 1
}

func sent(block string) exchange {
	var e exchange
	for line := range strings.SplitSeq(strings.TrimSuffix(block, "\r\n\r\n"), "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		if name == "ActionID" {
			e.id = value
			continue
		}
		e.action = append(e.action, ami.Header{Name: name, Value: value})
	}
	return e
}

// messages reads what was said with a simple parser; the empty ones are left out.
func (e exchange) messages() []ami.Message {
	var all []ami.Message
	for text := range strings.SplitSeq(e.said, "\r\n\r\n") {
		var m ami.Message
		for line := range strings.SplitSeq(text, "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				m = append(m, ami.Header{Name: name, Value: value})
			}
		}
		if len(m) > 0 {
			all = append(all, m)
		}
	}
	return all
}

// usable leaves out the actions that our client refuses to send or to await:
// the hostile ones, and those to which Asterisk answered another ActionID.
func usable(all []exchange) []exchange {
	var kept []exchange
	for _, e := range all {
		safe := e.id != "" && len(e.action) > 0 && e.action[0].Name == "Action" &&
			strings.Count(e.said, "Response: ") == 1 && strings.Contains(e.said, "\nActionID: "+e.id+"\r\n")
		for _, h := range e.action {
			safe = safe && !strings.ContainsAny(h.Value, "\r\n") && len(h.Value) < 900
		}
		if safe {
			kept = append(kept, e)
		}
	}
	return kept
}

// TestReplay holds the captured conversations once more, with our client in
// the place of the program that captured them: each answer, each listing and
// each event must come out as it was said, and nothing else.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("../testdata/asterisk/*/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	replayed, actions := 0, 0
	for _, file := range files {
		all := usable(conversation(t, file))
		if len(all) < 2 || all[0].action[0].Value != "Login" || !strings.Contains(all[0].said, "Response: Success") {
			continue // the tests of the login have these
		}
		replayed++
		actions += len(all)
		t.Run(strings.TrimPrefix(file, "../testdata/asterisk/"), func(t *testing.T) { replay(t, all) })
	}
	if replayed < 35 || actions < 250 {
		t.Errorf("only %d of %d transcripts were replayed, with %d actions", replayed, len(files), actions)
	}
}

func replay(t *testing.T, all []exchange) {
	o := amitest.OnLoopback(t, func(p *amitest.Peer) {
		p.Greet()
		for _, e := range all {
			a, ok := p.Action()
			if !ok {
				return
			}
			id := "ActionID: " + a.Get("ActionID") + "\r\n"
			_, _ = p.Write([]byte(strings.ReplaceAll(e.said, "ActionID: "+e.id+"\r\n", id)))
		}
		p.Action()
	})
	c := run(t, o)
	c.next(t, ami.SignalUp)
	for i, e := range all {
		if i > 0 { // the login is done
			again(t, c, e)
		}
	}
	for _, want := range events(all) {
		if diff := cmp.Diff(want, c.next(t, ami.SignalEvent).Message); diff != "" {
			t.Fatalf("event (-captured +told):\n%s", diff)
		}
	}
	if len(c.signals) > 0 {
		t.Errorf("told %+v as well", <-c.signals)
	}
}

// events are the messages that no action asked for.
func events(all []exchange) []ami.Message {
	var told []ami.Message
	for _, e := range all {
		for _, m := range e.messages() {
			if m[0].Name == "Event" && m.Get("ActionID") != e.id {
				told = append(told, m)
			}
		}
	}
	return told
}

// again does a captured action, and compares what comes back.
func again(t *testing.T, c running, e exchange) {
	t.Helper()
	var response ami.Message
	var rows []ami.Message // the closing event among them
	for _, m := range e.messages() {
		switch {
		case m[0].Name == "Response":
			response = noID(m)
		case m.Get("ActionID") == e.id:
			rows = append(rows, noID(m))
		}
	}
	if response.Get("EventList") == "start" {
		got, err := c.List(t.Context(), e.action)
		same(t, e, rows[:len(rows)-1], got, err)
		return
	}
	got, err := c.Do(t.Context(), e.action)
	if response[0].Value != "Error" {
		same(t, e, []ami.Message{response}, []ami.Message{got}, err)
		return
	}
	var refused *ami.ResponseError
	text := response.Get("Message")
	want := ami.ResponseError{Action: e.action[0].Value, Message: text, Denied: text == "Permission denied"}
	if !errors.As(err, &refused) || *refused != want {
		t.Errorf("%v: %v, want %v", e.action, err, want)
	}
}

func same(t *testing.T, e exchange, want, got []ami.Message, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%v: %v", e.action, err)
	}
	stripped := make([]ami.Message, 0, len(got))
	for _, m := range got {
		stripped = append(stripped, noID(m))
	}
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(stripped)); diff != "" {
		t.Errorf("%v (-captured +ours):\n%s", e.action, diff)
	}
}
