package soap_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"recgate/soap"
)

// evidence is the folder of the captures. They are never rewritten.
const evidence = "../testdata/axis"

// capture is one exchange with Axis 1.4.
type capture struct {
	variant, name string
	request       []byte
	answer        reply
	called        string // what reached the Java method, as the fake writes it
}

// reply is as much of an HTTP answer as is compared, normalised.
type reply struct {
	Status int
	Type   string
	Body   string
}

// captures reads all of them. It fails when there are none.
func captures(t *testing.T) []capture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(evidence, "*", "*.req"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d captures in %s, want more than 300 (%v)", len(files), evidence, err)
	}
	called := map[string]string{}
	var all []capture
	for _, file := range files {
		variant := filepath.Base(filepath.Dir(file))
		name := strings.TrimSuffix(filepath.Base(file), ".req")
		if _, ok := called[variant+"/"+name]; !ok {
			readCalls(t, variant, called)
		}
		all = append(all, capture{
			variant: variant, name: name, request: readFile(t, file),
			answer: parseReply(t, name, readFile(t, strings.TrimSuffix(file, ".req")+".res")),
			called: called[variant+"/"+name],
		})
	}
	return all
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readCalls reads the table of a variant. A Java null and an empty text are
// the same for our core.
func readCalls(t *testing.T, variant string, into map[string]string) {
	t.Helper()
	for line := range strings.Lines(string(readFile(t, filepath.Join(evidence, variant+".tsv")))) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(fields) < 4 {
			t.Fatalf("%s.tsv: %q has %d fields", variant, line, len(fields))
		}
		into[variant+"/"+fields[0]] = strings.ReplaceAll(strings.TrimPrefix(fields[3], "-"), "[null]", "[]")
	}
}

// parseReply reads an answer off the wire and normalises it.
func parseReply(t *testing.T, name string, wire []byte) reply {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(wire))
	method := http.MethodGet
	if strings.Contains(name, "head") {
		method = http.MethodHead
	}
	for {
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if res.StatusCode == http.StatusContinue {
			continue
		}
		body, err := io.ReadAll(res.Body) // fails when shorter than Content-Length
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = res.Body.Close()
		return reply{Status: res.StatusCode, Type: res.Header.Get("Content-Type"), Body: normalize(string(body))}
	}
}

var (
	faultDetail = regexp.MustCompile(`<detail>.*</detail>`)
	javaClass   = regexp.MustCompile(`<faultstring>java\.lang\.(?:Runtime)?Exception: `)
)

// normalize takes out what docs/noojee.md lists under "Normalisations".
func normalize(body string) string {
	body = faultDetail.ReplaceAllString(body, "<detail/>")
	body = javaClass.ReplaceAllString(body, "<faultstring>")
	return strings.ReplaceAll(body, "&#xE9;", "\u00e9")
}

// axisLike are the settings under which we answer as Axis did.
var axisLike = soap.Legacy{
	GetBody: soap.GetEnvelope, ErrorStatus: soap.Status500, StartReturn: soap.ReturnNothing,
}

// wire is an endpoint behind a real listener.
type wire struct {
	endpoint
	address string
}

func newWire(t *testing.T, legacy soap.Legacy) wire {
	t.Helper()
	e := newEndpoint(t, legacy)
	e.rec.wav = capturedWAV(t)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return wire{e, server.Listener.Addr().String()}
}

// capturedWAV is the recording that the captured service gave back.
func capturedWAV(t *testing.T) []byte {
	t.Helper()
	m := regexp.MustCompile(`xsd:string">([^<]+)<`).FindSubmatch(readFile(t, filepath.Join(evidence, "rpc-string", "get-retrieve-ok.res")))
	if m == nil {
		t.Fatal("the capture of retrieve holds no audio")
	}
	wav, err := base64.StdEncoding.DecodeString(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return wav
}

// replay sends the captured bytes and returns our answer.
func (w wire) replay(t *testing.T, c capture) reply {
	t.Helper()
	return parseReply(t, c.name, w.exchange(t, c.request))
}

// exchange sends bytes as they are and returns what comes back until the
// server closes.
func (w wire) exchange(t *testing.T, request []byte) []byte {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
