package soap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"recgate/recording"
)

// maxDepth is how deep elements may be nested. An envelope with one call
// needs four; header blocks of security stacks, which are ignored, about ten.
const maxDepth = 32

// node is one element of a message.
type node struct {
	name xml.Name
	attr []xml.Attr
	text strings.Builder // its own character data, CDATA included, comments not
	kids []*node
}

// attribute returns an attribute by name; an empty space means an unqualified one.
func (n *node) attribute(space, local string) (string, bool) {
	for _, a := range n.attr {
		if a.Name.Space == space && a.Name.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

// parseXML reads a message in UTF-8 into nodes. A DOCTYPE and processing
// instructions are refused unread, so the only entities are XML's own five. Next to
// an error it returns what it has read, or nil.
func parseXML(message []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(message))
	// The message is UTF-8 by now, whatever its declaration says.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	t := tree{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return t.finish()
		}
		if err != nil {
			return t.root, xmlError(err, t.argument())
		}
		if err := t.add(token); err != nil {
			return t.root, err
		}
	}
}

// xmlError words a syntax error without the parser's own text, which speaks of
// Go, except for the line. argument is the one in which it is, or empty.
func xmlError(err error, argument string) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax) && argument != "":
		return refusal(recording.Invalid, "the message is not well-formed XML, see line %d, inside of %s", syntax.Line, argument)
	case errors.As(err, &syntax):
		return refusal(recording.Invalid, "the message is not well-formed XML, see line %d", syntax.Line)
	}
	return refusal(recording.Invalid, "the message is not well-formed XML")
}

// tree is a message that is being read.
type tree struct {
	root   *node
	open   []*node // the elements that are not closed yet, the root first
	tokens int
}

func (t *tree) add(token xml.Token) error {
	t.tokens++
	switch token := token.(type) {
	case xml.StartElement:
		return t.start(token)
	case xml.EndElement:
		t.open = t.open[:len(t.open)-1]
	case xml.CharData:
		if len(t.open) > 0 {
			t.open[len(t.open)-1].text.Write(token)
		} else if len(bytes.TrimSpace(token)) > 0 {
			return refusal(recording.Invalid, "the message is not well-formed XML: there is text outside of the envelope")
		}
	case xml.ProcInst:
		if token.Target != "xml" || t.tokens > 1 {
			return refusal(recording.Invalid, "processing instructions are not allowed in a SOAP message")
		}
	case xml.Directive:
		return refusal(recording.Invalid, "a DOCTYPE is not allowed in a SOAP message")
	}
	return nil
}

// argument names the argument that is being read: what is open below an
// operation. It is empty elsewhere.
func (t *tree) argument() string {
	for i, n := range t.open {
		if operationNamed(n.name.Local) != nil && i+1 < len(t.open) {
			return recording.Shorten(t.open[i+1].name.Local)
		}
	}
	return ""
}

func (t *tree) start(e xml.StartElement) error {
	n := &node{name: e.Name, attr: e.Copy().Attr}
	switch {
	case len(t.open) == maxDepth:
		return refusal(recording.Invalid, "the message is nested deeper than %d elements", maxDepth)
	case len(t.open) > 0:
		parent := t.open[len(t.open)-1]
		parent.kids = append(parent.kids, n)
	case t.root != nil:
		return refusal(recording.Invalid, "the message is not well-formed XML: it has two roots")
	default:
		t.root = n
	}
	t.open = append(t.open, n)
	return nil
}

func (t *tree) finish() (*node, error) {
	if t.root == nil {
		return nil, refusal(recording.Invalid, "the message is empty: send a SOAP envelope")
	}
	return t.root, nil
}
