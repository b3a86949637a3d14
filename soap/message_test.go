package soap_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"recgate/soap"
)

const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
	mime12 = "application/soap+xml"
)

// message wraps a body into an envelope.
func message(space, body string) string {
	return `<?xml version="1.0"?><e:Envelope xmlns:e="` + space + `" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>` +
		body + `</e:Body></e:Envelope>`
}

// post sends a SOAP message.
func (e endpoint) post(body string, header ...string) *httptest.ResponseRecorder {
	if len(header) == 0 {
		header = []string{"Content-Type", "text/xml; charset=utf-8"}
	}
	return e.do(http.MethodPost, soap.Path, body, header...)
}

func TestMessageArguments(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"plain", `<start><extenOrUniqueId>410</extenOrUniqueId><tag>22</tag></start>`, "start [410] [22]"},
		{"qualified", `<n:start xmlns:n="urn:x"><n:tag>22</n:tag><n:extenOrUniqueId>410</n:extenOrUniqueId></n:start>`, "start [410] [22]"},
		{"case", `<START><EXTENORUNIQUEID>410</EXTENORUNIQUEID><Tag>22</Tag></START>`, "start [410] [22]"},
		{"positions", `<retrieve><in0>21</in0><in1>fred</in1></retrieve>`, "retrieve [21] [fred]"},
		{"params", `<retrieveByUniqueId><param0>1.2</param0><param1>fred</param1></retrieveByUniqueId>`, "retrieveByUniqueId [1.2] [fred]"},
		{"first of repeated", `<stop><extenOrUniqueId>410</extenOrUniqueId><extenOrUniqueId>411</extenOrUniqueId></stop>`, "stop [410]"},
		{"nil", `<start><extenOrUniqueId>410</extenOrUniqueId><tag xsi:nil="true"/></start>`, "start [410] []"},
		{"nil 1", `<start><extenOrUniqueId>410</extenOrUniqueId><tag xsi:nil="1">22</tag></start>`, "start [410] []"},
		{"not nil", `<start><extenOrUniqueId>410</extenOrUniqueId><tag xsi:nil="false">22</tag></start>`, "start [410] [22]"},
		{"int", `<start><extenOrUniqueId xsi:type="xsd:int">410</extenOrUniqueId><tag xsi:type="x:whatever">22</tag></start>`, "start [410] [22]"},
		{"text", `<start><extenOrUniqueId>410</extenOrUniqueId><tag>a<!-- c --> &lt;<![CDATA[<b>&]]>&#233;&#x20AC; </tag></start>`, "start [410] [a <<b>&é€]"},
		{"extra", `<stop><extenOrUniqueId>410</extenOrUniqueId><later>1</later></stop>`, "stop [410]"},
		{"href", `<stop><extenOrUniqueId href="#a"/></stop><multiRef id="a">410</multiRef>`, "stop [410]"},
		{"href before", `<multiRef id="a">410</multiRef><stop><extenOrUniqueId href="#a"/></stop>`, "stop [410]"},
		{"href nil", `<start><extenOrUniqueId>410</extenOrUniqueId><tag href="#a"/></start><x id="a" xsi:nil="true"/>`, "start [410] []"},
		{"op with id", `<stop id="o1"><extenOrUniqueId>410</extenOrUniqueId></stop>`, "stop [410]"},
	} {
		for _, space := range []string{soap11, soap12} {
			t.Run(tt.name+"/"+space, func(t *testing.T) {
				e := newEndpoint(t, soap.Legacy{})
				wantStatus(t, e.post(message(space, tt.body)), http.StatusOK)
				e.wantCalls(t, tt.want)
			})
		}
	}
}

func TestMessagePBX(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	wantStatus(t, e.post(message(soap11, `<stop><extenOrUniqueId>410</extenOrUniqueId><pbx>north</pbx></stop>`)), http.StatusOK)
	if _, _, last := e.rec.takeCalls(); last.pbx != "north" {
		t.Errorf("pbx %q", last.pbx)
	}
}

// TestMessageRefused holds messages after which nothing may have happened.
// Every refused retrieval leaves a line in the access log.
func TestMessageRefused(t *testing.T) {
	const op = `<retrieve><tag>21</tag><username>fred</username></retrieve>`
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for _, tt := range []struct{ name, body, text, log string }{
		{"empty", " ", "the message is empty", ""},
		{"not xml", "hello", "not well-formed", ""},
		{"json", `{"method":"start"}`, "not well-formed", ""},
		{"other root", "<a/>", "its root is &quot;a&quot;", ""},
		{"no body", `<e:Envelope xmlns:e="` + soap11 + `"/>`, "the envelope has no body", ""},
		{"foreign body", `<e:Envelope xmlns:e="` + soap11 + `"><Body>` + op + `</Body></e:Envelope>`, "the envelope has no body", ""},
		{"two bodies", `<e:Envelope xmlns:e="` + soap11 + `"><e:Body>` + op + `</e:Body><e:Body>` + op + `</e:Body></e:Envelope>`, "two bodies", ""},
		{"two roots", message(soap11, op) + message(soap11, op)[21:], "two roots", "retrieve [21] [fred]"},
		{"empty body", message(soap11, ""), "the body of the message is empty", ""},
		{"unknown op", message(soap11, "<delete/>"), "No such operation 'delete'", ""},
		{"unknown op with id", message(soap11, `<delete id="1"/>`), "No such operation 'delete'", ""},
		{"two ops", message(soap11, op+op), "two operations", "retrieve [21] [fred]"},
		{"second unknown", message(soap11, op+"<x/>"), "two operations", "retrieve [21] [fred]"},
		{"dangling", message(soap11, `<retrieve><tag href="#x"/><username>fred</username></retrieve>`), "refers to &quot;#x&quot;", "retrieve [] [fred]"},
		{"outside", message(soap11, `<retrieve><tag href="http://x/#a"/><username>fred</username></retrieve><m id="a">1</m>`), "refers to", "retrieve [] [fred]"},
		{"two steps", message(soap11, `<retrieve><tag href="#a"/><username>fred</username></retrieve><m id="a" href="#b"/><m id="b">1</m>`), "tag refers to a reference: send the value itself", "retrieve [] [fred]"},
		{"element in a value", message(soap11, `<retrieve><tag>2<b/></tag><username>fred</username></retrieve>`), "holds the element &quot;b&quot;", "retrieve [2] [fred]"},
		{"unknown name", message(soap11, `<retrieve><tag>21</tag><user>fred</user></retrieve>`), "&quot;user&quot; is not an argument", "retrieve [21] []"},
		{"deep", message(soap11, "<retrieve>"+deep+"</retrieve>"), "nested deeper", "retrieve [] []"},
		{"doctype", `<!DOCTYPE x>` + message(soap11, op)[21:], "DOCTYPE", ""},
		{"entity", `<!DOCTYPE x [<!ENTITY t "22">]>` + strings.Replace(message(soap11, op)[21:], "21", "&t;", 1), "DOCTYPE", ""},
		{"undeclared entity", strings.Replace(message(soap11, op), "21", "&t;", 1), "not well-formed XML, see line 1, inside of tag", "retrieve [] []"},
		{"what XML cannot hold", strings.Replace(message(soap11, op), "fred", "\x00", 1), "not well-formed XML, see line 1, inside of username", "retrieve [21] []"},
		{"outside of an argument", strings.Replace(message(soap11, op), "</username>", "</username>&t;", 1), "not well-formed XML, see line 1<", "retrieve [21] [fred]"},
		{"late instruction", strings.Replace(message(soap11, op), "21", "<?foo bar?>", 1), "processing instructions", "retrieve [] []"},
		{"late declaration", message(soap11, `<?xml version="1.0"?>`+op), "processing instructions", ""},
		{"cut off", strings.TrimSuffix(message(soap11, op), "</e:Body></e:Envelope>"), "not well-formed", "retrieve [21] [fred]"},
		{"not UTF-8", message(soap11, strings.Replace(op, "21", "\xe9", 1)), "not valid UTF-8", ""}, // so early that no method is known
		{"mustUnderstand", strings.Replace(message(soap11, op), "<e:Body>", `<e:Header><w:s xmlns:w="urn:w" e:mustUnderstand="1"/></e:Header><e:Body>`, 1), "header(s):{urn:w}s", "retrieve [21] [fred]"},
		{"version", strings.Replace(message(soap11, op), soap11, "urn:other", 1), "Version Mismatch", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			w := e.post(tt.body)
			wantStatus(t, w, http.StatusInternalServerError)
			wantText(t, w, "Fault>", tt.text)
			checkXML(t, w.Body.String())
			calls, refused, _ := e.rec.takeCalls()
			if len(calls) > 0 {
				t.Errorf("called %q", calls)
			}
			if got := strings.Join(refused, ","); !strings.HasPrefix(got, tt.log) || tt.log == "" && got != "" || len(refused) > 1 {
				t.Errorf("access log %q, want a line for %q", got, tt.log)
			}
		})
	}
}

func TestMessageHeaders(t *testing.T) {
	const block = `<w:s xmlns:w="urn:w" e:mustUnderstand="%s" %s><a><b><c/></b></a></w:s>`
	for _, tt := range []struct {
		space, must, to string
		status          int
	}{
		{soap11, "0", "", 200},
		{soap11, "1", "", 500},
		{soap11, "1", `e:actor="http://schemas.xmlsoap.org/soap/actor/next"`, 500},
		{soap11, "1", `e:actor="http://gateway.example/"`, 200},
		{soap12, "true", "", 500},
		{soap12, "true", `e:role="` + soap12 + `/role/ultimateReceiver"`, 500},
		{soap12, "true", `e:role="` + soap12 + `/role/none"`, 200},
	} {
		t.Run(tt.space+tt.must+tt.to, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			m := message(tt.space, `<stop><extenOrUniqueId>410</extenOrUniqueId></stop>`)
			m = strings.Replace(m, "<e:Body>", "<e:Header>"+fmt.Sprintf(block, tt.must, tt.to)+"</e:Header><e:Body>", 1)
			w := e.post(m)
			wantStatus(t, w, tt.status)
			if tt.status == 500 {
				wantText(t, w, "soapenv:MustUnderstand")
				e.wantCalls(t)
				return
			}
			e.wantCalls(t, "stop [410]")
		})
	}
}

func TestMessageCharsets(t *testing.T) {
	m := func(declaration string) string {
		return declaration + message(soap11, `<start><extenOrUniqueId>410</extenOrUniqueId><tag>é€</tag></start>`)[21:]
	}
	for _, tt := range []struct{ name, contentType, body, want string }{
		{"none", "text/xml", m(""), "é€"},
		{"declared", "text/xml", m(`<?xml version="1.0" encoding="utf-8"?>`), "é€"},
		{"bom", "text/xml", "\xEF\xBB\xBF" + m(""), "é€"},
		{"us-ascii is a part of it", "text/xml; charset=us-ascii", m(""), "é€"},
		{"latin-1 by content type", "text/xml; charset=iso-8859-1", m(""), "Ã©â‚¬"},
		{"latin-1 by declaration", "text/xml", m(`<?xml version="1.0" encoding='ISO-8859-1'?>`), "Ã©â‚¬"},
		{"content type wins", "text/xml; charset=utf-8", m(`<?xml version="1.0" encoding="iso-8859-1"?>`), "é€"},
		{"utf-16le", "text/xml; charset=utf-16", "\xFF\xFE" + inUTF16(m(`<?xml version="1.0" encoding="utf-16"?>`), false), "é€"},
		{"utf-16be", "text/xml", "\xFE\xFF" + inUTF16(m(`<?xml version="1.0" encoding="utf-16"?>`), true), "é€"},
		{"utf-16le without mark", "text/xml", inUTF16(m(""), false), "é€"},
		{"utf-16be without mark", "text/xml", inUTF16(m(""), true), "é€"},
		{"no content type", "", m(""), "é€"},
		{"a form's content type", "application/x-www-form-urlencoded", m(""), "é€"},
		{"utf-16 that became utf-8", "text/xml; charset=utf-16", m(`<?xml version="1.0" encoding="utf-16"?>`), "é€"},
		{"the same by declaration", "text/xml", m(`<?xml version="1.0" encoding="UTF-16"?>`), "é€"},
		{"utf-32 that became utf-8", "text/xml; charset=UCS-4", m(""), "é€"},
		{"quoted", `text/xml; charset="utf-8"`, m(`<?xml version="1.0" encoding="iso-8859-1"?>`), "é€"},
		{"in single quotes", `text/xml; charset='utf-8'`, m(`<?xml version="1.0" encoding="iso-8859-1"?>`), "é€"},
		{"quoted with blanks", `text/xml ; Charset = " UTF-8 "`, m(`<?xml version="1.0" encoding="iso-8859-1"?>`), "é€"},
		{"a parameter that is not well-formed", "text/xml; action=urn:x/y; charset=utf-8", m(`<?xml version="1.0" encoding="iso-8859-1"?>`), "é€"},
		{"broken content type", "text/xml; charset", m(""), "é€"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			w := e.post(tt.body, "Content-Type", tt.contentType)
			wantStatus(t, w, http.StatusOK)
			wantText(t, w, `encoding="UTF-8"`)
			if _, _, last := e.rec.takeCalls(); last.tag != tt.want {
				t.Errorf("tag %q, want %q", last.tag, tt.want)
			}
		})
	}
	ascii := message(soap11, "<stop><extenOrUniqueId>410</extenOrUniqueId></stop>")
	for _, tt := range []struct{ contentType, body, text string }{
		{"text/xml; charset=x-unknown", m(""), `messages in &quot;x-unknown&quot; cannot be read: send UTF-8`},
		{"text/xml; charset=utf-7", ascii, `messages in &quot;utf-7&quot; cannot be read: send UTF-8`},
		{"text/xml; charset=HZ-GB-2312", ascii, "send UTF-8"},
		{"text/xml; charset=ISO-2022-JP", ascii, "send UTF-8"},
		{"text/xml; charset=ibm037", ascii, "send UTF-8"},
		{"text/xml; charset=iso-8859-8", message(soap11, "<stop><extenOrUniqueId>\xff</extenOrUniqueId></stop>"), "not valid iso-8859-8"},
		{"text/xml; charset=utf-16", "<\xe9\x00", "byte order mark"},
		{"text/xml; charset=utf-16", "<\xe9", "not valid UTF-8"},
		{"text/xml", "\xFF\xFE<\x00a", "cut off"},
		{"multipart/related; boundary=x", "--x\r\n\r\n" + m("") + "\r\n--x--", "several parts"},
		{"text/xml", m("") + strings.Repeat(" ", 64<<10), "longer than 65536 bytes"},
	} {
		t.Run(tt.contentType+" "+tt.text, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			w := e.post(tt.body, "Content-Type", tt.contentType)
			wantStatus(t, w, http.StatusInternalServerError)
			wantText(t, w, "soapenv:Client", tt.text)
			e.wantCalls(t)
		})
	}
}

func inUTF16(s string, big bool) string {
	var out strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			out.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return out.String()
}

// checkXML fails when a text is not well-formed.
func checkXML(t *testing.T, s string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %.600s", err, s)
		}
	}
}

func FuzzSOAP(f *testing.F) {
	for _, c := range []string{
		message(soap11, `<start><extenOrUniqueId>410</extenOrUniqueId><tag>22</tag></start>`),
		message(soap12, `<n:retrieve xmlns:n="urn:x"><n:tag xsi:type="a">21</n:tag><n:username>fred</n:username></n:retrieve>`),
		message(soap11, `<stop><extenOrUniqueId href="#a"/></stop><m id="a">1</m>`), "hello", "\xFF\xFE<\x00", "<!DOCTYPE a>",
		message(soap11, `<stop/><stop/>`), message("urn:x", "<stop/>"),
	} {
		f.Add(c, "text/xml", "O'Brien, 22 <é>")
	}
	f.Add(message(soap11, "<stop/>"), "multipart/related", "\r\n\t")
	f.Add(message(soap12, "<stop/>"), mime12+`; charset="utf-16"`, "]]>")
	f.Fuzz(func(t *testing.T, body, contentType, value string) {
		e := newEndpoint(t, soap.Legacy{})
		w := e.post(body, "Content-Type", contentType)
		calls, refused, _ := e.rec.takeCalls()
		if len(calls) > 1 || len(refused) > 1 || len(calls)+len(refused) > 1 {
			t.Errorf("one message became %q and %q", calls, refused)
		}
		if strings.Contains(w.Header().Get("Content-Type"), "xml") {
			checkXML(t, w.Body.String())
		}
		if len(calls) == 0 && w.Code == http.StatusOK {
			t.Errorf("nothing was called and the status is 200: %.300s", w.Body)
		}
		value = strings.Trim(toPrintable(value), " \t\r\n")
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(value)); err != nil {
			t.Fatal(err)
		}
		if escaped.Len() > 16<<10 {
			return
		}
		e.post(message(soap11, "<start><tag>"+escaped.String()+"</tag><extenOrUniqueId>410</extenOrUniqueId></start>"))
		if calls, _, last := e.rec.takeCalls(); !slices.Equal(calls, []string{"start [410] [" + value + "]"}) || last.tag != value {
			t.Errorf("called %q, want the tag %q", calls, value)
		}
	})
}

// toPrintable leaves what XML can hold.
func toPrintable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
