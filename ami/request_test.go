package ami

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestListingLimit: a listing without an end fails instead of filling the memory.
func TestListingLimit(t *testing.T) {
	r := &request{action: "Status", list: true, done: make(chan struct{})}
	row := Message{{"Event", "Status"}, {"Variable", strings.Repeat("x", 1<<20)}}
	for range 100 { // of one text: the rows share it
		r.row(row)
	}
	select {
	case <-r.done:
	default:
		t.Fatal("100 MiB of rows, and the listing goes on")
	}
	if !errors.Is(r.err, ErrProtocol) || r.got.rows != nil {
		t.Errorf("error %v, %d rows; want ErrProtocol and none", r.err, len(r.got.rows))
	}
}

// TestAnswersAfterTheEnd: a server that answers twice changes nothing.
func TestAnswersAfterTheEnd(t *testing.T) {
	r := &request{action: "Ping", done: make(chan struct{})}
	for n := range 3 {
		r.respond(Message{{"Response", "Success"}, {"N", fmt.Sprint(n)}})
		r.row(Message{{"Event", "PingComplete"}})
	}
	r.respond(Message{{"Response", "Error"}})
	if got := r.got.response.Get("N"); got != "0" || r.err != nil {
		t.Errorf("answer %q, %v; want the first", got, r.err)
	}
}
