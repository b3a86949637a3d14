package soap_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"recgate/recording"
	"recgate/soap"
)

const (
	startOK    = "method=start&extenOrUniqueId=410&tag=22"
	retrieveOK = "method=retrieve&tag=21&username=fred"
)

// getHead and getTail are what Axis puts around a GET's answer.
const (
	getHead = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>`
	getTail  = "</soapenv:Body></soapenv:Envelope>\n"
	getStyle = ` soapenv:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"`
)

func TestStartReturn(t *testing.T) {
	for _, tt := range []struct {
		name, setting, query, accept, contentType, body string
	}{
		{"default", "", startOK, "", "text/xml;charset=utf-8", getHead + `<startResponse` + getStyle + `><startReturn xsi:type="xsd:string">200</startReturn></startResponse>` + getTail},
		{"stop", "200", "method=stop&extenOrUniqueId=410", "", "text/xml;charset=utf-8", getHead + `<stopResponse` + getStyle + `><stopReturn xsi:type="xsd:string">200</stopReturn></stopResponse>` + getTail},
		{"none", "none", startOK, "", "text/xml;charset=utf-8", getHead + `<startResponse` + getStyle + `/>` + getTail},
		{"text", "", startOK + "&format=text", "", "text/plain; charset=us-ascii", "200"},
		{"text, none", "none", startOK + "&format=TEXT", "", "text/plain; charset=us-ascii", "200"},
		{"Accept text", "", startOK, "text/plain", "text/plain; charset=us-ascii", "200"},
		{"format before Accept", "", startOK + "&format=envelope", "text/plain", "text/xml;charset=utf-8", "startReturn"},
		{"wav", "", startOK + "&format=wav", "", "text/xml;charset=utf-8", "startReturn"},
		{"Accept wav", "", startOK, "audio/wav", "text/xml;charset=utf-8", "startReturn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{StartReturn: tt.setting})
			w := e.get(tt.query, "Accept", tt.accept)
			wantStatus(t, w, http.StatusOK)
			wantText(t, w, tt.body)
			if got := w.Header().Get("Content-Type"); got != tt.contentType {
				t.Errorf("content type %q, want %q", got, tt.contentType)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("cache control %q", got)
			}
		})
	}
}

func TestGetBody(t *testing.T) {
	for _, tt := range []struct {
		name, setting, query, accept, want string
	}{
		{"default", "", "", "", "text"},
		{"anything", "", "", "*/*", "text"},
		{"setting", "envelope", "", "", "envelope"},
		{"setting, anything", "envelope", "", "application/octet-stream, */*", "envelope"},
		{"format base64", "envelope", "&format=base64", "", "text"},
		{"format text", "envelope", "&format=text", "", "text"},
		{"format envelope", "", "&format=envelope", "", "envelope"},
		{"format wav", "", "&FORMAT=wav", "", "wav"},
		{"format before Accept", "", "&format=wav", "text/xml", "wav"},
		{"Accept xml", "", "", "text/xml", "envelope"},
		{"Accept xml and anything", "", "", "application/xml, text/xml, */*; q=0.01", "envelope"},
		{"Accept soap", "", "", "application/soap+xml;q=0.9", "envelope"},
		{"Accept wav", "", "", "audio/wav", "wav"},
		{"Accept x-wav", "envelope", "", "audio/x-wav", "wav"},
		{"Accept both wav", "", "", "audio/wav, audio/x-wav", "wav"},
		{"Accept text", "envelope", "", "text/plain", "text"},
		{"Accept application/xml", "", "", "application/xml", "envelope"},
		{"Accept with a parameter", "", "", "application/xml;charset=utf-8", "envelope"},
		{"the default of HTTP libraries", "envelope", "", "application/json, text/plain, */*", "envelope"},
		{"the default of others", "envelope", "", "text/plain, application/json, application/*+json, */*", "envelope"},
		{"text above anything", "envelope", "", "text/plain, */*;q=0.8", "text"},
		{"text below anything", "envelope", "", "text/plain;q=0.5, */*", "envelope"},
		{"xml above text", "", "", "text/plain;q=0.5, text/xml", "envelope"},
		{"text above xml", "envelope", "", "text/xml;q=0.4, text/plain;q=.5", "text"},
		{"wav and anything", "", "", "audio/wav, */*", "text"},
		{"wav above anything", "", "", "audio/wav, */*; q=.2", "wav"},
		{"any audio", "", "", "audio/*", "wav"},
		{"any text", "envelope", "", "text/*", "envelope"},
		{"xml of any application", "", "", "application/*", "envelope"},
		{"not text", "", "", "text/plain;q=0, */*", "envelope"},
		{"not xml", "envelope", "", "text/xml;q=0, application/xml;q=0, */*", "text"},
		{"only not wav", "envelope", "", "audio/wav;q=0", "envelope"},
		{"not text at all", "envelope", "", "text/plain;q=0.000", "envelope"},
		{"not html", "", "", "text/html;q=0, text/xml", "envelope"},
		{"a browser with weights", "", "", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text"},
		{"Java", "envelope", "", "text/plain, image/gif, *; q=.2, */*; q=.2", "text"},
		{"weights that are none", "", "", "text/xml;q=NaN, text/plain;q=0.1", "envelope"},
		{"anything", "", "", "*/*", "text"},
		{"nothing that we have", "", "", "application/json", "text"},
		{"Accept two kinds", "", "", "text/xml, audio/wav", "text"},
		{"a browser", "envelope", "", "text/html,application/xhtml+xml,text/plain;q=0.8,*/*;q=0.5", "envelope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{GetBody: tt.setting})
			w := e.get(retrieveOK+tt.query, "Accept", tt.accept)
			wantStatus(t, w, http.StatusOK)
			text := base64.StdEncoding.EncodeToString(e.rec.wav)
			want := map[string][2]string{
				"text":     {"text/plain; charset=us-ascii", text},
				"wav":      {"audio/wav", string(e.rec.wav)},
				"envelope": {"text/xml;charset=utf-8", getHead + `<retrieveResponse` + getStyle + `><retrieveReturn xsi:type="xsd:string">` + text + `</retrieveReturn></retrieveResponse>` + getTail},
			}[tt.want]
			if got := w.Header().Get("Content-Type"); got != want[0] {
				t.Errorf("content type %q, want %q", got, want[0])
			}
			if w.Body.String() != want[1] {
				t.Errorf("body %.200q, want %.200q", w.Body, want[1])
			}
			if got := w.Header().Get("Content-Length"); got != fmt.Sprint(len(want[1])) {
				t.Errorf("content length %s, want %d", got, len(want[1]))
			}
		})
	}
}

func TestFormatUnknown(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	w := e.get(retrieveOK + "&format=mp3")
	wantStatus(t, w, http.StatusBadRequest)
	wantText(t, w, `format "mp3" is not known: use base64, envelope, text or wav`)
	if calls, refused, _ := e.rec.takeCalls(); len(calls) > 0 || len(refused) != 1 {
		t.Errorf("called %q, refused %q", calls, refused)
	}
}

// errorsByCode are the status of a GET and the fault code of each code.
var errorsByCode = map[recording.Code]struct {
	status int
	code   string
}{
	recording.Internal: {500, "Server.userException"}, recording.Invalid: {400, "Client"},
	recording.Forbidden: {403, "Server.userException"}, recording.NotFound: {404, "Server.userException"},
	recording.Conflict: {409, "Server.userException"}, recording.NotReady: {409, "Server.userException"},
	recording.Unavailable: {503, "Server.userException"},
}

func TestErrorOfEveryCode(t *testing.T) {
	for code := range recording.NumCodes {
		want, ok := errorsByCode[code]
		if !ok {
			t.Fatalf("code %d has no row", code)
		}
		message := "no tag \"<é>\""
		err := recording.Errorf(code, "%s", message)
		if code == recording.Internal {
			err, message = errors.New("dial /run/secret.sock"), "internal error"
		}
		t.Run(fmt.Sprint(int(code)), func(t *testing.T) {
			checkRefusal(t, soap.Legacy{}, err, want.status, "soapenv:"+want.code, message)
		})
		t.Run(fmt.Sprint(int(code), " as 500"), func(t *testing.T) {
			checkRefusal(t, soap.Legacy{ErrorStatus: soap.Status500}, err, 500, "soapenv:"+want.code, message)
		})
	}
}

// checkRefusal checks status, fault code and text by GET, in text and by SOAP.
func checkRefusal(t *testing.T, legacy soap.Legacy, err error, status int, code, message string) {
	t.Helper()
	escaped := strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(message)
	fault := "<faultcode>" + code + "</faultcode><faultstring>" + escaped + "</faultstring><detail/>"
	var outcome string
	e := newEndpoint(t, legacy, func(o *soap.Options) { o.Count = func(_, name string, _ time.Duration) { outcome = name } })
	e.rec.fail = err
	for _, query := range []string{startOK, retrieveOK + "&format=envelope", retrieveOK + "&format=wav"} {
		w := e.get(query)
		wantStatus(t, w, status)
		wantText(t, w, fault)
	}
	for _, query := range []string{startOK + "&format=text", retrieveOK} {
		w := e.get(query)
		wantStatus(t, w, status)
		if w.Body.String() != message+"\n" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %q %q", query, w.Header().Get("Content-Type"), w.Body)
		}
	}
	w := e.post(message11("retrieve"))
	wantStatus(t, w, http.StatusInternalServerError)
	wantText(t, w, fault)
	if outcome == "" || outcome == "ok" {
		t.Errorf("counted as %q", outcome)
	}
	if !strings.Contains(e.log.String(), "request refused") {
		t.Error("no line in the log")
	}
}

// message11 is a small message for any of the methods.
func message11(op string) string {
	return message(soap11, "<"+op+"><in0>410</in0><in1>fred</in1></"+op+">")
}

func TestSoapErrorsReturn(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{SoapErrors: soap.ErrorsReturn, StartReturn: soap.ReturnNothing})
	e.rec.fail = recording.Errorf(recording.NotFound, "no call on <410>")
	for _, op := range []string{"start", "stop"} {
		w := e.post(message11(op))
		wantStatus(t, w, http.StatusOK)
		wantText(t, w, "<"+op+"Return>no call on &lt;410&gt;</"+op+"Return>")
	}
	for name, m := range map[string]string{
		"retrieve": message11("retrieve"), "unknown": message11("nosuch"), "broken": "<a", "version": strings.Replace(message11("start"), soap11, "urn:x", 1),
		"mustUnderstand": strings.Replace(message11("start"), "<e:Body>", `<e:Header><a e:mustUnderstand="1"/></e:Header><e:Body>`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			w := e.post(m)
			wantStatus(t, w, http.StatusInternalServerError)
			wantText(t, w, "faultstring")
		})
	}
	wantStatus(t, e.get(startOK), http.StatusNotFound)
}

func TestStopNothing(t *testing.T) {
	const stop = "method=stop&extenOrUniqueId=410"
	for _, tt := range []struct {
		setting string
		err     error
		status  int
	}{
		{"", recording.Errorf(recording.NotFound, "nothing"), 404},
		{"error", recording.Errorf(recording.NotFound, "nothing"), 404},
		{"success", recording.Errorf(recording.NotFound, "nothing"), 200},
		{"success", recording.Errorf(recording.Unavailable, "away"), 503},
		{"success", recording.Errorf(recording.Invalid, "what"), 400},
	} {
		e := newEndpoint(t, soap.Legacy{StopNothing: tt.setting})
		e.rec.fail = tt.err
		wantStatus(t, e.get(stop), tt.status)
		if start := e.get(startOK); start.Code == 200 {
			t.Error("a start that found nothing is a success")
		}
	}
}

// TestShape holds the answers to SOAP requests of every kind.
func TestShape(t *testing.T) {
	const decl = `<?xml version="1.0" encoding="UTF-8"?>`
	const enc12 = ` soapenv:encodingStyle="http://www.w3.org/2003/05/soap-encoding"`
	for _, tt := range []struct{ name, space, body, want string }{
		{"literal, unqualified", soap11, `<n:stop xmlns:n="urn:n"><extenOrUniqueId>410</extenOrUniqueId></n:stop>`, `<ns1:stopResponse xmlns:ns1="urn:n"><stopReturn>200</stopReturn></ns1:stopResponse>`},
		{"literal, qualified", soap11, `<stop xmlns="urn:n"><extenOrUniqueId>410</extenOrUniqueId></stop>`, `<stopResponse xmlns="urn:n"><stopReturn>200</stopReturn></stopResponse>`},
		{"literal, no namespace", soap11, `<stop><extenOrUniqueId>410</extenOrUniqueId></stop>`, `<stopResponse xmlns=""><stopReturn>200</stopReturn></stopResponse>`},
		{"typed", soap11, `<n:stop xmlns:n="urn:n"><extenOrUniqueId xsi:type="xsd:string">410</extenOrUniqueId></n:stop>`, `<ns1:stopResponse` + getStyle + ` xmlns:ns1="urn:n"><stopReturn xsi:type="xsd:string">200</stopReturn></ns1:stopResponse>`},
		{"encoded, qualified", soap11, `<n:stop xmlns:n="urn:n" e:encodingStyle="x"><n:extenOrUniqueId>410</n:extenOrUniqueId></n:stop>`, `<ns1:stopResponse` + getStyle + ` xmlns:ns1="urn:n"><stopReturn xsi:type="xsd:string">200</stopReturn></ns1:stopResponse>`},
		{"encoded, no namespace", soap11, `<stop e:encodingStyle="x"><extenOrUniqueId>410</extenOrUniqueId></stop>`, `<stopResponse` + getStyle + `><stopReturn xsi:type="xsd:string">200</stopReturn></stopResponse>`},
		{"hostile namespace", soap11, `<n:stop xmlns:n='a"&gt;&lt;x y="&amp;'><extenOrUniqueId>410</extenOrUniqueId></n:stop>`, `xmlns:ns1="a&quot;&gt;&lt;x y=&quot;&amp;"`},
		{"1.2", soap12, `<n:stop xmlns:n="urn:n" e:encodingStyle="x"><extenOrUniqueId>410</extenOrUniqueId></n:stop>`, `<ns1:stopResponse` + enc12 + ` xmlns:ns1="urn:n"><stopReturn xsi:type="xsd:string">200</stopReturn></ns1:stopResponse>`},
		{"as it was written", soap11, `<Stop><extenOrUniqueId>410</extenOrUniqueId></Stop>`, `<StopResponse xmlns=""><stopReturn>200</stopReturn></StopResponse>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			w := e.post(message(tt.space, tt.body))
			wantStatus(t, w, http.StatusOK)
			wantText(t, w, `xmlns:soapenv="`+tt.space+`"`, tt.want)
			if tt.space == soap11 {
				wantText(t, w, decl)
			}
			checkXML(t, w.Body.String())
		})
	}
	e := newEndpoint(t, soap.Legacy{})
	style := strings.Replace(message11("stop"), "<e:Envelope ", `<e:Envelope e:encodingStyle="x" `, 1)
	wantText(t, e.post(style), getStyle) // PHP and SOAP::Lite put it there
}

func TestFault12(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	for _, tt := range []struct{ body, contentType, want string }{
		{message(soap12, `<stop><in0>999</in0></stop>`), "", `<soapenv:Code><soapenv:Value>soapenv:Receiver</soapenv:Value></soapenv:Code><soapenv:Reason><soapenv:Text xml:lang="en">No channel found for 999</soapenv:Text></soapenv:Reason>`},
		{message(soap12, `<nosuch/>`), "", `soapenv:Sender</soapenv:Value><soapenv:Subcode><soapenv:Value xmlns:ns1="http://xml.apache.org/axis/">ns1:Client</soapenv:Value></soapenv:Subcode>`},
		{"<a", mime12, "soapenv:Sender"},
		{strings.Repeat(" ", 1<<17), mime12, "soapenv:Sender"},
	} {
		w := e.post(tt.body, "Content-Type", tt.contentType)
		wantStatus(t, w, http.StatusInternalServerError)
		wantText(t, w, `xmlns:soapenv="`+soap12+`"`, tt.want)
		checkXML(t, w.Body.String())
		if got := w.Header().Get("Content-Type"); got != mime12+"; charset=utf-8" {
			t.Errorf("content type %q", got)
		}
	}
}

func TestCount(t *testing.T) {
	var counted []string
	var sent int64
	e := newEndpoint(t, soap.Legacy{}, func(o *soap.Options) {
		o.Count = func(method, outcome string, took time.Duration) {
			if took <= 0 || took > time.Hour {
				t.Errorf("%s took %v", method, took)
			}
			counted = append(counted, method+" "+outcome)
		}
		o.Sent = func(n int64) { sent += n }
	})
	e.get(startOK)
	e.get(retrieveOK)
	e.get("method=stop&extenOrUniqueId=999")
	e.get("method=nosuch")
	e.post(message11("retrieveByUniqueId"))
	want := "start ok,retrieve ok,stop not_found,unknown invalid,retrieveByUniqueId ok"
	if got := strings.Join(counted, ","); got != want || sent != 2000 {
		t.Errorf("counted %q and %d bytes, want %q and 2000", got, sent, want)
	}
}

func TestMethodsAndPaths(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "", 200, ""},
		{"GET", "/", 200, ""},
		{"GET", "/?" + startOK, 200, ""},
		{"HEAD", "", 200, ""},
		{"HEAD", "?wsdl", 200, ""},
		{"HEAD", "?" + startOK, 405, "GET, POST"},
		{"HEAD", "?extenOrUniqueId=410", 400, ""},
		{"OPTIONS", "", 405, "GET, HEAD, POST"},
		{"PUT", "?" + startOK, 405, "GET, HEAD, POST"},
		{"DELETE", "", 405, "GET, HEAD, POST"},
		{"TRACE", "?" + startOK, 405, "GET, HEAD, POST"},
		{"GET", "?list", 403, ""},
		{"GET", "?a=1&wsdl", 200, ""},
		{"GET", "/../nosuch", 404, ""},
		{"GET", "/../nosuch?wsdl", 404, ""},
		{"GET", "/../nosuch?" + startOK, 404, ""},
		{"HEAD", "/../nosuch?" + startOK, 404, ""},
		{"POST", "/../nosuch", 500, ""},
		{"PUT", "/../nosuch", 405, "GET, HEAD, POST"},
		{"GET", "/..", 200, ""},
		{"GET", "/../", 200, ""},
		{"GET", "/..?" + startOK, 404, ""},
		{"HEAD", "/..?" + startOK, 405, "GET, POST"},
		{"POST", "/..", 500, ""},
		{"PUT", "/..", 405, "GET, HEAD, POST"},
		{"GET", "/more", 404, ""},
	} {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			path := strings.Replace(soap.Path+tt.path, "/"+soap.Service+"/..", "", 1)
			w := e.do(tt.method, path, "")
			wantStatus(t, w, tt.status)
			if got := w.Header().Get("Allow"); got != tt.allow {
				t.Errorf("Allow %q, want %q", got, tt.allow)
			}
			calls, _, _ := e.rec.takeCalls()
			if ran := tt.path == "/?"+startOK; ran != (len(calls) == 1) {
				t.Errorf("called %q", calls)
			}
		})
	}
}

func TestDoubleSlashIsNotRedirected(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/x", nil)
	r.URL.Path, r.URL.RawQuery = "/"+soap.Path, startOK
	wantStatus(t, e.serve(r), http.StatusNotFound)
	e.wantCalls(t)
}
