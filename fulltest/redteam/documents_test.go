//go:build full

package redteam_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
)

// document is a hostile body; each asks to stop 500, in one way or another.
type document struct {
	name, mediaType string
	body            string
	header          [2]string // one more; may be empty
}

// documents returns hostile messages. Where one names a place to fetch from,
// it is the trap, which counts every visit. None of them may be obeyed.
func documents(trap, canary string) []document {
	const soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	stop := message(soap11, "stop", []arg{{"extenOrUniqueId", "500"}})
	open, rest, _ := strings.Cut(stop, "500")
	with := func(text string) string { return open + text + rest }
	xmlType := "text/xml; charset=utf-8"
	bomb := `<!DOCTYPE b [<!ENTITY a "500">`
	for i := range 9 {
		bomb += fmt.Sprintf(`<!ENTITY %c "%s">`, 'b'+i, strings.Repeat(fmt.Sprintf("&%c;", 'a'+i), 10))
	}
	return []document{
		{name: "external entity", mediaType: xmlType, body: `<!DOCTYPE a [<!ENTITY x SYSTEM "` + trap + `">]>` + with("&x;500")},
		{name: "entity of a file", mediaType: xmlType, body: `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + with("&x;")},
		{name: "parameter entity", mediaType: xmlType, body: `<!DOCTYPE a [<!ENTITY % x SYSTEM "` + trap + `"> %x;]>` + stop},
		{name: "external subset", mediaType: xmlType, body: `<!DOCTYPE a SYSTEM "` + trap + `">` + stop},
		{name: "public subset", mediaType: xmlType, body: `<!DOCTYPE a PUBLIC "-//x" "` + trap + `">` + stop},
		{name: "internal entity", mediaType: xmlType, body: `<!DOCTYPE a [<!ENTITY x "500">]>` + with("&x;")},
		{name: "bomb", mediaType: xmlType, body: bomb + "]>" + with("&j;")},
		{name: "entity without declaration", mediaType: xmlType, body: with("&x;500")},
		{name: "doctype in the middle", mediaType: xmlType, body: with(`<!DOCTYPE a>500`)},
		{name: "XInclude", mediaType: xmlType, body: with(`<i:include xmlns:i="http://www.w3.org/2001/XInclude" parse="text" href="` + trap + `"/>500`)},
		{name: "style sheet", mediaType: xmlType, body: `<?xml-stylesheet href="` + trap + `"?>` + stop},
		{name: "instruction inside", mediaType: xmlType, body: with(`<?php touch("` + canary + `/php") ?>500`)},
		{name: "deep", mediaType: xmlType, body: with(strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000))},
		{name: "never closed", mediaType: xmlType, body: open + "500"},
		{name: "many attributes", mediaType: xmlType, body: strings.Replace(stop, "<stop", "<stop"+strings.Repeat(` a="1"`, 5000), 1) + "x"},
		{name: "too long", mediaType: xmlType, body: with("500" + strings.Repeat(" ", 70_000))},
		{name: "two operations", mediaType: xmlType, body: strings.Replace(stop, "</stop>", "</stop><stop><extenOrUniqueId>410</extenOrUniqueId></stop>", 1)},
		{name: "two envelopes", mediaType: xmlType, body: stop + stop},
		{name: "two bodies", mediaType: xmlType, body: strings.Replace(stop, "</e:Body>", "</e:Body><e:Body/>", 1)},
		{name: "reference to elsewhere", mediaType: xmlType, body: strings.Replace(stop, "<extenOrUniqueId>500", `<extenOrUniqueId href="`+trap+`">`, 1)},
		{name: "reference to itself", mediaType: xmlType, body: strings.Replace(stop, "<extenOrUniqueId>500", `<extenOrUniqueId id="a" href="#a">`, 1)},
		{name: "must be understood", mediaType: xmlType, body: strings.Replace(stop, "<e:Body>", `<e:Header><x e:mustUnderstand="1">`+mark+`</x></e:Header><e:Body>`, 1)},
		{name: "UTF-7", mediaType: "text/xml; charset=utf-7", body: strings.ReplaceAll(stop, "<", "+ADw-")},
		{name: "UTF-7 by declaration", mediaType: "text/xml", body: `<?xml version="1.0" encoding="utf-7"?>` + stop},
		{name: "EBCDIC by declaration", mediaType: "text/xml", body: `<?xml version="1.0" encoding="cp037"?>` + stop},
		{name: "UTF-32", mediaType: xmlType, body: "\xff\xfe\x00\x00" + strings.ReplaceAll(stop, "", "\x00\x00\x00")},
		{name: "doctype in UTF-16", mediaType: "text/xml", body: inUTF16(`<!DOCTYPE a SYSTEM "` + trap + `">` + stop)},
		{name: "half UTF-16", mediaType: "text/xml; charset=utf-16", body: inUTF16(stop) + "x"},
		{name: "UTF-16 that is neither", mediaType: "text/xml; charset=utf-16", body: stop[:len(stop)-1] + "\xff>"},
		{name: "UTF-7", mediaType: "text/xml; charset=utf-7", body: stop},
		{name: "overlong", mediaType: xmlType, body: strings.ReplaceAll(stop, "<stop>", "\xc0\xbcstop\xc0\xbe")},
		{name: "two charsets", mediaType: "text/xml; charset=utf-8; charset=utf-16", body: stop[:len(stop)-1] + "\xff>"},
		{name: "compressed", mediaType: xmlType, body: compressed(stop), header: [2]string{"Content-Encoding", "gzip"}},
		{name: "said to be compressed", mediaType: xmlType, body: stop, header: [2]string{"Content-Encoding", "gzip"}},
		{name: "a form said to be compressed", mediaType: "application/x-www-form-urlencoded", body: "method=stop&extenOrUniqueId=500", header: [2]string{"Content-Encoding", "deflate"}},
		{name: "zip bomb", mediaType: xmlType, body: compressed(strings.Repeat("A", 50<<20)), header: [2]string{"Content-Encoding", "gzip"}},
		{name: "in parts", mediaType: `multipart/related; boundary=b; type="text/xml"`, body: "--b\r\nContent-Type: text/xml\r\n\r\n" + stop + "\r\n--b--\r\n"},
		{name: "form in parts", mediaType: "multipart/form-data; boundary=b", body: "--b\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\nstop\r\n--b--\r\n"},
		{name: "JSON", mediaType: "application/json", body: `{"method":"stop","extenOrUniqueId":"500"}`},
		{name: "nothing", mediaType: xmlType},
		{name: "NULs", mediaType: xmlType, body: strings.Repeat("\x00", 1000)},
	}
}

func inUTF16(s string) string {
	var out bytes.Buffer
	out.WriteString("\xff\xfe")
	for _, u := range utf16.Encode([]rune(s)) {
		_ = binary.Write(&out, binary.LittleEndian, u) // a buffer takes everything
	}
	return out.String()
}

func compressed(s string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(s)) // a buffer takes everything
	_ = w.Close()
	return out.String()
}

func (d document) request(base string) (*http.Request, error) {
	r, err := post(base, d.mediaType, d.body)
	if err == nil && d.header[0] != "" {
		r.Header.Set(d.header[0], d.header[1])
	}
	return r, err
}
