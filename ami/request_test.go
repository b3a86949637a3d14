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

// TestListingOfNothing: rows that are short to send and long to keep count by
// what they take, and so does each row.
func TestListingOfNothing(t *testing.T) {
	for name, headers := range map[string]int{"many rows": 1, "many headers": maxHeaders} {
		r := &request{action: "Status", list: true, done: make(chan struct{})}
		row := append(Message{{"Event", "Status"}}, make(Message, headers-1)...)
		kept := 0
		for range 10 * MaxRows {
			if r.row(row); r.finished {
				break
			}
			kept += 32*len(row) + 24 // a header is two strings, a row is a slice
		}
		if !errors.Is(r.err, ErrProtocol) || kept > maxListing {
			t.Errorf("%s: %d MiB were kept, %v", name, kept>>20, r.err)
		}
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
