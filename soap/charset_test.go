package soap_test

import (
	"fmt"
	"net/http"
	"testing"

	"recgate/soap"
)

// TestMessageEncodings reads messages in the encodings of Windows, of old
// Unix programs and of the East, under the names that programs use for them.
func TestMessageEncodings(t *testing.T) {
	for _, tt := range []struct{ charset, bytes, want string }{
		{"windows-1252", "\x80 M\xfcller \x93x\x94", "€ Müller “x”"},
		{"Cp1252", "\x80", "€"},
		{"cp-1252", "\x80", "€"},
		{"windows1252", "\x80", "€"},
		{"windows-1251", "\xcf\xf0\xe8\xb8\xec", "Приём"},
		{"CP1251", "\xcf", "П"},
		{"windows-1250", "\x8a", "Š"},
		{"windows-1253", "\xc1", "Α"},
		{"windows-1254", "\xdd", "İ"},
		{"ISO-8859-1", "\xe9", "é"},
		{"ISO8859_1", "\xe9", "é"},
		{"latin-1", "\xe9 \x96", "é –"}, // as everybody means it
		{"ISO-8859-2", "\xb9", "š"},
		{"iso-8859-5", "\xbf", "П"},
		{"iso-8859-7", "\xc1", "Α"},
		{"iso-8859-9", "\xdd", "İ"},
		{"iso-8859-15", "\xa4", "€"},
		{"latin9", "\xa4", "€"},
		{"koi8-r", "\xf0", "П"},
		{"gb2312", "\xd6\xd0", "中"},
		{"Big5", "\xa4\xa4", "中"},
		{"Shift_JIS", "\x93\xfa", "日"},
		{"x-nobody-knows", "22", "22"}, // of whatever superset of ASCII
		{"IBM850", "22", "22"},
	} {
		body := message(soap11, "<start><extenOrUniqueId>410</extenOrUniqueId><tag>"+tt.bytes+"</tag></start>")
		for _, in := range []struct{ contentType, body string }{
			{"text/xml; charset=" + tt.charset, body},
			{fmt.Sprintf("text/xml; charset=%q", tt.charset), body},
			{"application/soap+xml", fmt.Sprintf(`<?xml version="1.0" encoding="%s"?>`, tt.charset) + body[21:]},
			{"text/xml", fmt.Sprintf(`<?xml version='1.0' encoding='%s' standalone='yes'?>`, tt.charset) + body[21:]},
		} {
			e := newEndpoint(t, soap.Legacy{})
			w := e.post(in.body, "Content-Type", in.contentType)
			if _, _, last := e.rec.takeCalls(); w.Code != http.StatusOK || last.tag != tt.want {
				t.Errorf("%s, %s: %d, tag %q, want %q: %s", tt.charset, in.contentType, w.Code, last.tag, tt.want, w.Body)
			}
		}
	}
}

// TestFormEncodings: bytes of a form that are not UTF-8 are in its charset, and
// in windows-1252 where it names none, as in a query.
func TestFormEncodings(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct{ contentType, bytes, want string }{
		{form, "%E9%80", "é€"},
		{form + "; charset=windows-1251", "%CF%F0%E8%B8%EC", "Приём"},
		{form + `; charset="windows-1251"`, "\xcf", "П"},
		{form + "; charset=windows-1251", "%D0%9F", "П"}, // UTF-8 all the same
		{form + "; charset=x-nobody-knows", "%E9", "é"},
		{form + "; charset=utf-8", "%E9", "é"},
	} {
		e := newEndpoint(t, soap.Legacy{})
		w := e.do(http.MethodPost, soap.Path, "method=start&extenOrUniqueId=410&tag="+tt.bytes, "Content-Type", tt.contentType)
		if _, _, last := e.rec.takeCalls(); w.Code != http.StatusOK || last.tag != tt.want {
			t.Errorf("%s %q: %d, tag %q, want %q", tt.contentType, tt.bytes, w.Code, last.tag, tt.want)
		}
	}
	e := newEndpoint(t, soap.Legacy{})
	e.get("method=start&extenOrUniqueId=410&tag=%E9%80")
	if _, _, last := e.rec.takeCalls(); last.tag != "é€" {
		t.Errorf("by query: tag %q", last.tag)
	}
}

// TestWhiteSpaceAroundValues: that of pretty-printed messages, and the line end
// of a file that was sent as a form, belong to no value.
func TestWhiteSpaceAroundValues(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	e.post(message(soap11, "\n  <start>\n    <extenOrUniqueId>\r\n\t410\n    </extenOrUniqueId>\n    <tag>\n a  b\n<![CDATA[ ]]></tag>\n  </start>\n"))
	e.wantCalls(t, "start [410] [a  b]")
	e.post(message(soap11, `<retrieveByUniqueId><uniqueId href="#a"/><username> fred </username></retrieveByUniqueId><m id="a"> 1.2 </m>`))
	e.wantCalls(t, "retrieveByUniqueId [1.2] [fred]")
	for _, end := range []string{"\n", "\r\n", "\r\n\r\n"} {
		w := e.do(http.MethodPost, soap.Path, "method=start&extenOrUniqueId=410&tag=22"+end, "Content-Type", "application/x-www-form-urlencoded")
		wantStatus(t, w, http.StatusOK)
		e.wantCalls(t, "start [410] [22]")
	}
	e.do(http.MethodPost, soap.Path, "method=start&\r\nextenOrUniqueId=410&\r\ntag=2%0A2\r\n", "Content-Type", "application/x-www-form-urlencoded")
	e.wantCalls(t, "start [410] [2\n2]") // an escape is meant
}
