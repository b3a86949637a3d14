package soap

import (
	"encoding/xml"
	"strings"

	"recgate/httpd"
	"recgate/recording"
)

const (
	nsSOAP11   = "http://schemas.xmlsoap.org/soap/envelope/"
	nsSOAP12   = "http://www.w3.org/2003/05/soap-envelope"
	nsEncoding = "http://schemas.xmlsoap.org/soap/encoding/"
	nsSchema   = "http://www.w3.org/2001/XMLSchema-instance"
)

// decodeMessage reads a SOAP message of either version. Elements of the call
// match by their local names alone, since the namespace of the old server is
// not known; the answer echoes the caller's. Next to an error it returns what it
// could read, at least the SOAP version, so that the fault can be written in the
// caller's SOAP.
func decodeMessage(body []byte, contentType string) (call, error) {
	unread := call{shape: shape{soap12: mediaType(contentType) == mediaSOAP12}}
	message, err := httpd.ToUTF8(body, contentType)
	if err != nil {
		return unread, err
	}
	root, parseErr := parseXML(message)
	if root == nil {
		return unread, parseErr
	}
	c, err := decodeEnvelope(root)
	if parseErr != nil {
		return c, parseErr
	}
	return c, err
}

func decodeEnvelope(root *node) (call, error) {
	var c call
	switch {
	case root.name.Local != "Envelope":
		return c, refusal(recording.Invalid, "the message is not a SOAP envelope: its root is %q", recording.Shorten(root.name.Local))
	case root.name.Space == nsSOAP12:
		c.shape.soap12 = true
	case root.name.Space != nsSOAP11:
		return c, versionMismatch()
	}
	var body *node
	var headerErr error
	for _, kid := range root.kids {
		switch {
		case kid.name.Space != root.name.Space:
		case kid.name.Local == "Header" && headerErr == nil:
			headerErr = checkHeader(kid, root.name.Space)
		case kid.name.Local == "Body" && body != nil:
			return c, refusal(recording.Invalid, "the envelope has two bodies")
		case kid.name.Local == "Body":
			body = kid
		}
	}
	if body == nil {
		return c, refusal(recording.Invalid, "the envelope has no body")
	}
	c.shape.encoded = isEncoded(root) || isEncoded(body)
	if err := c.decodeBody(body); err != nil && headerErr == nil {
		return c, err
	}
	return c, headerErr
}

// checkHeader refuses header blocks that must be understood by us.
func checkHeader(header *node, envelope string) error {
	for _, block := range header.kids {
		must, _ := block.attribute(envelope, "mustUnderstand")
		if must = strings.TrimSpace(must); must != "1" && must != "true" {
			continue
		}
		if isForUs(block, envelope) {
			return mustUnderstand(block.name)
		}
	}
	return nil
}

// isForUs reports whether a header block is meant for the receiver of the
// message and not for a station on its way.
func isForUs(block *node, envelope string) bool {
	actor, ok := block.attribute(envelope, "actor")
	if !ok {
		actor, ok = block.attribute(envelope, "role")
	}
	switch actor {
	case "http://schemas.xmlsoap.org/soap/actor/next",
		nsSOAP12 + "/role/next", nsSOAP12 + "/role/ultimateReceiver":
		return true
	}
	return !ok || actor == ""
}

// decodeBody finds the one operation and its arguments.
func (c *call) decodeBody(body *node) error {
	var ops []*node
	targets := map[string]*node{}
	for _, kid := range body.kids {
		id, ok := kid.attribute("", "id")
		if ok && operationNamed(kid.name.Local) == nil {
			targets[id] = kid
			continue
		}
		ops = append(ops, kid)
	}
	if len(ops) == 0 && len(body.kids) > 0 {
		ops = body.kids[:1] // an unknown operation that carries an id
	}
	if len(ops) == 0 {
		return refusal(recording.Invalid, "the body of the message is empty: it must hold one operation")
	}
	op := ops[0]
	c.name, c.op, c.shape.namespace = op.name.Local, operationNamed(op.name.Local), op.name.Space
	if c.op == nil {
		return noSuchOperation(c.name)
	}
	args, err := c.decodeArguments(op, targets)
	if bindErr := c.bind(args); err == nil {
		err = bindErr
	}
	if len(ops) > 1 {
		return refusal(recording.Invalid, "the message holds two operations, %q and %q: nothing was done, send one at a time",
			recording.Shorten(op.name.Local), recording.Shorten(ops[1].name.Local))
	}
	return err
}

// decodeArguments reads the values, and what decides the shape of the answer:
// encodingStyle or xsi:type mean encoded, and a namespace on the arguments means
// that the return element gets one.
func (c *call) decodeArguments(op *node, targets map[string]*node) (httpd.Arguments, error) {
	c.shape.encoded = c.shape.encoded || isEncoded(op)
	var args httpd.Arguments
	var failed error
	for i, kid := range op.kids {
		if i == httpd.MaxArguments {
			return args, refusal(recording.Invalid, "the request has more than %d arguments", httpd.MaxArguments)
		}
		if _, typed := kid.attribute(nsSchema, "type"); typed {
			c.shape.encoded = true
		}
		if i == 0 {
			c.shape.qualified = kid.name.Space != ""
		}
		value, given, err := valueOf(kid, targets)
		if err != nil && failed == nil {
			failed = err
		}
		args = append(args, httpd.Argument{Name: kid.name.Local, Value: value, Absent: !given})
	}
	return args, failed
}

// valueOf reads one argument; given is false for xsi:nil. A reference is
// followed one step, inside the body only.
func valueOf(n *node, targets map[string]*node) (value string, given bool, err error) {
	if href, ok := n.attribute("", "href"); ok {
		id, local := strings.CutPrefix(href, "#")
		target := targets[id]
		if !local || target == nil {
			return "", true, refusal(recording.Invalid, "%s refers to %q, which is not in the body of the message", recording.Shorten(n.name.Local), recording.Shorten(href))
		}
		if _, again := target.attribute("", "href"); again {
			return "", true, refusal(recording.Invalid, "%s refers to a reference: send the value itself", recording.Shorten(n.name.Local))
		}
		return textOf(n.name, target)
	}
	return textOf(n.name, n)
}

// textOf reads the text of an element, whatever its xsi:type is, without the white
// space around it.
func textOf(name xml.Name, n *node) (value string, given bool, err error) {
	if isNil, _ := n.attribute(nsSchema, "nil"); isNil == "true" || isNil == "1" {
		return "", false, nil
	}
	text := strings.Trim(n.text.String(), " \t\r\n")
	if len(n.kids) > 0 {
		return text, true, refusal(recording.Invalid, "%s holds the element %q where text is expected: write < as &lt;",
			recording.Shorten(name.Local), recording.Shorten(n.kids[0].name.Local))
	}
	return text, true, nil
}

// isEncoded reports whether an element asks for SOAP encoding.
func isEncoded(n *node) bool {
	for _, space := range []string{nsSOAP11, nsSOAP12} {
		if style, _ := n.attribute(space, "encodingStyle"); style != "" {
			return true
		}
	}
	return false
}
