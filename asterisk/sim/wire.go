package sim

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// Limits of a request, as measured: a line with its end may have 1024 bytes,
// a message 128 headers.
const (
	maxLine    = 1024
	maxHeaders = 128
)

// Header is one line of an AMI message. A name may occur more than once.
type Header struct {
	Name, Value string
}

// message is an AMI message in either direction, in the order of the wire.
type message []Header

// get returns the value of the first header of that name, compared without
// regard to case, that is not empty.
func (m message) get(name string) string {
	for _, h := range m {
		if h.Value != "" && strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// with returns m with one more header.
func (m message) with(name, value string) message {
	return append(m, Header{name, value})
}

// encode appends the bytes of the wire, with the empty line that ends them.
func (m message) encode(b []byte) []byte {
	for _, h := range m {
		b = append(b, h.Name...)
		b = append(b, ": "...)
		b = append(b, h.Value...)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// Faults of a request that is refused as a whole; their texts are what the
// client is told.
var (
	//lint:ignore ST1005 Asterisk's words
	errLineTooLong = errors.New("Failed to parse message: line too long")
	//lint:ignore ST1005 Asterisk's words
	errTooManyLines = errors.New("Too many lines in message")
)

// readRequest reads one message: headers up to an empty line. Lines end with
// LF, with or without a CR before it; a CR elsewhere belongs to the value.
// Empty messages are skipped. A message over a limit is read to its end and
// returned, as far as it was kept, with errLineTooLong or errTooManyLines;
// every other error is the connection's.
func readRequest(r *bufio.Reader) (message, error) {
	var m message
	var fault error
	for {
		line, err := readLine(r)
		switch {
		case errors.Is(err, errLineTooLong):
			fault = err
			continue
		case err != nil:
			return nil, err
		case line == "" && len(m) == 0 && fault == nil:
			continue
		case line == "":
			return m, fault
		case len(m) == maxHeaders:
			fault = errTooManyLines
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		m = append(m, Header{strings.TrimSpace(name), strings.TrimLeft(value, " ")})
	}
}

// readLine reads one line without its end. A line over the limit is read to
// its end, dropped, and answered with errLineTooLong.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	size := 0
	for {
		part, err := r.ReadSlice('\n')
		size += len(part)
		if size <= maxLine {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && size > 0 {
			return "", io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		if size > maxLine {
			return "", errLineTooLong
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
	}
}
