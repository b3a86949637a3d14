package ami

import "strings"

// Header is one line of a message: "Name: Value".
type Header struct{ Name, Value string }

// Message is what Asterisk sent between two empty lines: a response, an event
// or a row of a listing. Headers are in the order of arrival, and a name may
// occur more than once. A line without a colon is a header without a name.
// The strings of one message share memory: clone what is kept for long.
type Message []Header

// Get returns the first value of name, compared without regard to case, and
// "" when there is none.
func (m Message) Get(name string) string {
	for _, h := range m {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Kind returns what a message is by its first header: Asterisk sends Response
// or Event first, and a later header of that name is text inside the message.
func (m Message) Kind() (name, value string) {
	if len(m) == 0 {
		return "", ""
	}
	return m[0].Name, m[0].Value
}

// size returns about how many bytes of memory the message takes: its text, and
// what each header and the message cost beside it, which is most of it where a
// peer sends many empty headers.
func (m Message) size() int {
	const header, message = 32, 48
	n := message + header*len(m)
	for _, h := range m {
		n += len(h.Name) + len(h.Value)
	}
	return n
}
