package ami

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What one connection may make us keep. The longest line of the captures has
// about 1 KiB, the longest message (ListCommands) 7 KiB and 80 headers.
const (
	maxLine    = 64 << 10
	maxMessage = 1 << 20
	maxHeaders = 2000
)

// reader cuts a byte stream into messages. It is used by one goroutine.
type reader struct {
	src *bufio.Reader
	// ours is what ActionIDs of this connection begin with. Only an answer to
	// us may switch the reader to the raw output of "Response: Follows".
	ours string

	text []byte // of the message being read: names and values, end to end
	ends []int  // where each name and each value ends in text
}

func newReader(src io.Reader, ours string) *reader {
	return &reader{src: bufio.NewReaderSize(src, maxLine), ours: ours}
}

// line reads one line without its line end (LF or CR LF). The result is valid
// until the next call. A stream that ends inside a line is io.ErrUnexpectedEOF.
func (r *reader) line() ([]byte, error) {
	line, err := r.src.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("%w: a line over %d bytes", ErrProtocol, maxLine)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	line = line[:len(line)-1]
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// message reads the next message that has a header; empty ones, which Asterisk
// sends after some TestEvents, are passed over. io.EOF means that the stream
// ended between two messages.
func (r *reader) message() (Message, error) {
	r.text, r.ends = r.text[:0], r.ends[:0]
	for {
		line, err := r.line()
		switch {
		case errors.Is(err, io.EOF) && len(r.ends) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case len(line) > 0:
			err = r.header(line)
		case len(r.ends) > 0:
			return r.done(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// header adds one line to the message, and the raw output that follows the
// ActionID of "Response: Follows" (Asterisk up to 13).
func (r *reader) header(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		name, value = nil, line
	}
	value = bytes.TrimPrefix(value, []byte(" "))
	if err := r.add(name, value); err != nil {
		return err
	}
	if strings.EqualFold(string(name), "ActionID") && r.isFollows() && r.isOurs(value) {
		return r.output()
	}
	return nil
}

// output reads the lines of a command up to their end mark. They may be
// empty, or look like headers; each becomes one Output header.
func (r *reader) output() error {
	for {
		line, err := r.line()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil || string(line) == "--END COMMAND--" {
			return err
		}
		if err := r.add([]byte("Output"), line); err != nil {
			return err
		}
	}
}

// add keeps one header, within the limits of a message.
func (r *reader) add(name, value []byte) error {
	if len(r.text)+len(name)+len(value) > maxMessage {
		return fmt.Errorf("%w: a message over %d bytes", ErrProtocol, maxMessage)
	}
	if len(r.ends) == 2*maxHeaders {
		return fmt.Errorf("%w: a message of over %d headers", ErrProtocol, maxHeaders)
	}
	r.text = append(r.text, name...)
	r.ends = append(r.ends, len(r.text))
	r.text = append(r.text, value...)
	r.ends = append(r.ends, len(r.text))
	return nil
}

// isFollows reports whether the message being read began as "Response: Follows".
func (r *reader) isFollows() bool {
	name, value := r.text[:r.ends[0]], r.text[r.ends[0]:r.ends[1]]
	return strings.EqualFold(string(name), "Response") && strings.EqualFold(string(value), "Follows")
}

// isOurs reports whether an ActionID belongs to this connection.
func (r *reader) isOurs(id []byte) bool {
	return r.ours != "" && strings.HasPrefix(string(id), r.ours)
}

// done makes the message: one string for all its text, and one slice.
func (r *reader) done() Message {
	text := string(r.text)
	m := make(Message, len(r.ends)/2)
	start := 0
	for i := range m {
		name, value := r.ends[2*i], r.ends[2*i+1]
		m[i] = Header{Name: text[start:name], Value: text[name:value]}
		start = value
	}
	return m
}
