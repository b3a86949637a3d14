package soap

import "strings"

// shape is how the answer to a call looks; the request alone decides it.
type shape struct {
	soap12    bool
	encoded   bool   // rpc/encoded: encodingStyle, and xsi:type on an unqualified return
	qualified bool   // literal: the return element is in the request's namespace
	namespace string // of the operation's element, any text or none
	line      bool   // a line break ends the answer: Axis sends one on GET alone
}

const (
	// The envelope is Axis 1.4's, byte for byte: a declaration, no line
	// breaks, these three prefixes in this order.
	envelopeHead = `<soapenv:Envelope xmlns:soapenv="` + nsSOAP11 + `" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="` + nsSchema + `">`
	envelopeTail = `</soapenv:Envelope>`

	declaration11 = `<?xml version="1.0" encoding="UTF-8"?>`
	declaration12 = `<?xml version="1.0" encoding="utf-8"?>`

	encodingSOAP12 = "http://www.w3.org/2003/05/soap-encoding"

	// typeSOAP11 is written as Axis writes it, without a blank.
	typeSOAP11 = "text/xml;charset=utf-8"
	typeSOAP12 = "application/soap+xml; charset=utf-8"
)

// contentType returns the media type of answers in this shape.
func (s shape) contentType() string {
	if s.soap12 {
		return typeSOAP12
	}
	return typeSOAP11
}

// envelope wraps the content of the body element in a complete message.
func (s shape) envelope(inside string) string {
	head := envelopeHead
	declaration := declaration11
	if s.soap12 {
		head = strings.Replace(head, nsSOAP11, nsSOAP12, 1)
		declaration = declaration12
	}
	tail := envelopeTail
	if s.line {
		tail += "\n"
	}
	return declaration + head + "<soapenv:Body>" + inside + "</soapenv:Body>" + tail
}

// responseTag returns the element that wraps the return value: its opening tag,
// without the closing > or />, and its name. An empty element needs no prefix.
func (s shape) responseTag(name string, empty bool) (open, tag string) {
	prefixed := s.namespace != "" && (s.encoded || !s.qualified && !empty)
	tag = name
	if prefixed {
		tag = "ns1:" + name
	}
	open = "<" + tag
	if s.encoded {
		style := nsEncoding
		if s.soap12 {
			style = encodingSOAP12
		}
		open += ` soapenv:encodingStyle="` + style + `"`
	}
	switch {
	case prefixed:
		open += ` xmlns:ns1="` + escape(s.namespace) + `"`
	case !s.encoded:
		open += ` xmlns="` + escape(s.namespace) + `"`
	}
	return open, tag
}

// emptyAnswer returns the answer of a method that returns nothing. Like in Axis, the
// element is named after the method as the caller wrote it.
func (c call) emptyAnswer() string {
	open, _ := c.shape.responseTag(c.name+"Response", true)
	return c.shape.envelope(open + "/>")
}

// answerAround returns the parts of an answer before and after a returned string.
func (c call) answerAround() (head, tail string) {
	open, tag := c.shape.responseTag(c.name+"Response", false)
	ret := c.op.name + "Return"
	typed := ""
	if c.shape.encoded {
		typed = ` xsi:type="xsd:string"`
	}
	const here = "\x00" // cannot be part of an escaped namespace
	whole := c.shape.envelope(open + "><" + ret + typed + ">" + here + "</" + ret + "></" + tag + ">")
	head, tail, _ = strings.Cut(whole, here)
	return head, tail
}

// answerWith is the whole answer of a method that returns a short text.
func (c call) answerWith(text string) string {
	head, tail := c.answerAround()
	return head + escape(text) + tail
}

// faultMessage returns the answer to a refused call, with the code and the message.
// Unlike Axis it names neither the machine nor the code that failed.
func (s shape) faultMessage(k kind, message string) string {
	if s.soap12 {
		return s.envelope(fault12(k, message))
	}
	code := "<faultcode>"
	if k.axis {
		code = `<faultcode xmlns:ns1="http://xml.apache.org/axis/">`
	}
	text := s.envelope("<soapenv:Fault>" + code + k.soap11 + "</faultcode><faultstring>" + escape(message) +
		"</faultstring><detail/></soapenv:Fault>")
	if k == kindVersion {
		text = strings.Replace(text, "<soapenv:Body>", upgrade+"<soapenv:Body>", 1)
	}
	return text
}

// upgrade says which envelope is understood (SOAP 1.2, appendix A; Axis sends it in
// 1.1 messages with these attributes).
const upgrade = `<soapenv:Header><soapenv:Upgrade soapenv:actor="http://schemas.xmlsoap.org/soap/actor/next" ` +
	`soapenv:mustUnderstand="0"><soapenv:SupportedEnvelope qname="soapenv:Envelope"/></soapenv:Upgrade></soapenv:Header>`

// fault12 writes a fault as SOAP 1.2, section 5.4, requires it; a code that is not
// one of its five goes into the subcode.
func fault12(k kind, message string) string {
	sub := ""
	if k.axis {
		sub = `<soapenv:Subcode><soapenv:Value xmlns:ns1="http://xml.apache.org/axis/">` + k.soap11 + `</soapenv:Value></soapenv:Subcode>`
	}
	return "<soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:" + k.soap12 + "</soapenv:Value>" + sub +
		`</soapenv:Code><soapenv:Reason><soapenv:Text xml:lang="en">` + escape(message) +
		"</soapenv:Text></soapenv:Reason></soapenv:Fault>"
}

// escape makes any text safe inside of XML text and quoted attributes, with
// the references that Axis uses. Characters that XML cannot hold become U+FFFD.
func escape(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch r {
		case '&':
			out.WriteString("&amp;")
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '"':
			out.WriteString("&quot;")
		case '\t':
			out.WriteString("&#x9;")
		case '\n':
			out.WriteString("&#xA;")
		case '\r':
			out.WriteString("&#xD;")
		default:
			if r < ' ' || r == 0xFFFE || r == 0xFFFF {
				r = '\uFFFD'
			}
			out.WriteRune(r)
		}
	}
	return out.String()
}
