// Package ami is a client of the Asterisk Manager Interface (AMI), the protocol
// by which programs ask an Asterisk server and hear of its calls. It knows no
// channel and no recording.
//
// Client keeps one connection up, sends actions (Do, List) and tells what the
// server says unasked (Signal). Pool is all connections to one server: one for
// the events, a few for actions. Start reading at Client.Run, then link.go (one
// connection from login to loss), login.go, reader.go and writer.go (bytes to
// messages and back), queue.go (what lies between the reader and a slow
// listener), pool.go.
//
// What holds the connection together:
//
//   - One goroutine reads, one writes; answers find their caller by ActionID,
//     never by order, since events come between a request and its response.
//   - The ActionIDs of a connection begin with 16 random hex digits, so that
//     no text inside an event can be taken for an answer.
//   - No value with a line break leaves the process: writer.go refuses it
//     before a byte is written, and repairs nothing.
//   - Nobody waits for somebody else: the reader never blocks on a listener,
//     an unanswered action blocks no other one, a lost connection fails all
//     pending actions at once.
//
// The protocol facts were captured from Asterisk 16 and 22; the captures are
// in testdata/asterisk, and the tests replay them.
package ami
