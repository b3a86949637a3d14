package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"recgate/soap"
)

// TestTricksOfHTTP: what a stranger does with the protocol around a call is
// passed over or refused, and never starts or stops anything.
func TestTricksOfHTTP(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 22, nil)
	call := o.call(t, "410", "411")
	o.want(t, http.StatusOK, nil, "start", "extenOrUniqueId", "410", "tag", "22")
	const stop = "?method=stop&extenOrUniqueId=410"
	for name, tt := range map[string]struct {
		request string // its first line and headers, as far as they matter
		want    int
	}{
		"HEAD":                       {"HEAD " + soap.Path + stop, 405},
		"OPTIONS":                    {"OPTIONS " + soap.Path + stop, 405},
		"TRACE":                      {"TRACE " + soap.Path + stop, 405},
		"CONNECT":                    {"CONNECT " + soap.Path + stop, 405},
		"PUT":                        {"PUT " + soap.Path + stop, 405},
		"a method that is none":      {"STOP " + soap.Path + stop, 405},
		"a method in lower case":     {"get " + soap.Path + stop, 405},
		"an override of HEAD":        {"HEAD " + soap.Path + stop + "\nX-HTTP-Method-Override: GET", 405},
		"an override of a page":      {"GET " + soap.Path + "\nX-HTTP-Method-Override: POST\nX-Original-URL: " + soap.Path + stop, 200},
		"a path in a header":         {"GET /healthz\nX-Original-URL: " + soap.Path + stop + "\nX-Rewrite-URL: " + soap.Path + stop, 200},
		"two slashes and dots":       {"GET //x/.." + soap.Path + stop, 404},
		"dots":                       {"GET /x/.." + soap.Path + stop, 404},
		"dots with escapes":          {"GET /x/%2e%2e" + soap.Path + stop, 404},
		"a slash with an escape":     {"GET /servicemanager%2Fservices/njadmin-api-recording" + stop, 404},
		"a parameter of the path":    {"GET " + soap.Path + ";x" + stop, 404},
		"another case":               {"GET " + strings.ToUpper(soap.Path) + stop, 404},
		"a NUL":                      {"GET " + soap.Path + "%00" + stop, 404},
		"after a fragment":           {"GET " + soap.Path + "#" + stop, 404},
		"an upgrade":                 {"GET " + soap.Path + "\nConnection: Upgrade\nUpgrade: websocket", 200},
		"a range of a page":          {"GET " + soap.Path + "\nRange: bytes=0-1", 200},
		"a range and its condition":  {"GET " + soap.Path + "\nRange: bytes=5-,0-1\nIf-Range: x\nIf-None-Match: *", 200},
		"a method twice":             {"GET " + soap.Path + "?method=retrieve&tag=22&username=fred&method=stop&extenOrUniqueId=410", 409},
		"a call beside wsdl":         {"HEAD " + soap.Path + "?wsdl&method=stop&extenOrUniqueId=410", 405},
		"a call to the list":         {"GET " + soap.Services + stop, 404},
		"a call to another service":  {"GET " + soap.Services + "/AdminService" + stop, 404},
		"a question inside of a tag": {"GET " + soap.Path + "?tag=?method=stop&extenOrUniqueId=410", 400},
	} {
		t.Run(name, func(t *testing.T) {
			if status := raw(t, o.base, tt.request); status != tt.want {
				t.Errorf("status %d, want %d", status, tt.want)
			}
		})
	}
	for _, a := range o.actions() {
		if a.Get("Action") == "StopMixMonitor" {
			t.Errorf("something stopped the recording: %v", a)
		}
	}
	call.Hangup()
	whole := o.awaitSettled(t, "22")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.base+soap.Path+"?method=retrieve&tag=22&username=fred&format=wav", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Range", "bytes=0-9")
	answer, err := o.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	wav, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || int64(len(wav)) != whole.Bytes {
		t.Errorf("a range of a recording: status %d, %d bytes of %d, %v", answer.StatusCode, len(wav), whole.Bytes, err)
	}
}

// raw sends a request as it is written, and returns the status of the answer.
func raw(t *testing.T, base, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	line, headers, _ := strings.Cut(request, "\n")
	text := line + " HTTP/1.1\nHost: localhost\nConnection: close\n" + headers
	text = strings.ReplaceAll(strings.TrimSuffix(text, "\n")+"\n\n", "\n", "\r\n")
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(line, " ")
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
