package httpd_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"recgate/httpd"
)

// TestNoRequestIsSmuggled: where a body ends can be seen in two ways, what
// follows it is never answered.
func TestNoRequestIsSmuggled(t *testing.T) {
	base, _ := runServer(t, httpd.Options{}, func(s *httpd.Server) {
		s.Mount("/door", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %q %v", r.URL.RawQuery, body, err)
		}))
	})
	const second = "GET /door?second HTTP/1.1\r\nHost: x\r\n\r\n"
	const head, chunks = "POST /door?first HTTP/1.1\r\nHost: x\r\n", "0\r\n\r\n"
	for name, tt := range map[string]struct {
		request string
		answers int // that are successes
	}{
		"two whole requests":          {head + "Content-Length: 3\r\n\r\nabc" + second, 2},
		"length and chunks":           {head + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + second, 1},
		"chunks and length":           {head + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n" + chunks + second, 1},
		"chunks alone":                {head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + second, 1},
		"chunks and another coding":   {head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks + second, 0},
		"two codings":                 {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunks + second, 0},
		"a coding that is none":       {head + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n" + chunks + second, 0},
		"a coding behind a tab":       {head + "Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n" + chunks + second, 0},
		"a blank before the colon":    {head + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n" + chunks + second, 0},
		"chunks in HTTP/1.0":          {"POST /door?first HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + second, 1},
		"two lengths":                 {head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd" + second, 0},
		"a length with a sign":        {head + "Content-Length: +3\r\n\r\nabc" + second, 0},
		"a length in hexadecimal":     {head + "Content-Length: 0x3\r\n\r\nabc" + second, 0},
		"a list of lengths":           {head + "Content-Length: 3, 3\r\n\r\nabc" + second, 0},
		"a chunk that ends with LF":   {head + "Transfer-Encoding: chunked\r\n\r\n3;x\nyyy\r\nabc\r\n" + chunks + second, 1},
		"a chunk of minus one":        {head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + chunks + second, 1},
		"a length of a GET":           {"GET /door?first HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n" + chunks + second, 1},
		"chunks of a GET":             {"GET /door?first HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + second, 1},
		"chunks of a path not there":  {"POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + second, 0},
		"an HTTP/2 preface":           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + second, 0},
		"an upgrade to HTTP/2":        {"GET /door?first HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n" + second, 2},
		"two hosts":                   {"GET /door?first HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + second, 0},
		"a tunnel":                    {"CONNECT /door?first HTTP/1.1\r\nHost: x\r\n\r\n" + second, 0},
		"a line break inside a value": {"GET /door?first HTTP/1.1\r\nHost: x\r\nX: a\rGET /door HTTP/1.1\r\n\r\n" + second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			answers := exchange(t, strings.TrimPrefix(base, "http://"), tt.request)
			good := 0
			for _, a := range answers {
				if strings.HasPrefix(a, "200 ") {
					good++
				}
				if strings.HasPrefix(a, "101 ") {
					t.Error("the protocol is changed")
				}
			}
			if good != tt.answers {
				t.Errorf("%d of the answers are successes, want %d: %q", good, tt.answers, answers)
			}
		})
	}
}

// TestOnePathOneSpelling: what guards paths in front of us is not passed by
// another spelling, but for escapes that mean the very same path, and for the
// slashes and dots that callers of a tree add by mistake.
func TestOnePathOneSpelling(t *testing.T) {
	base, _ := runServer(t, httpd.Options{}, func(s *httpd.Server) {
		s.MountTree("/a/b", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "in") }))
	})
	for target, in := range map[string]bool{
		"/a/b": true, "/a/b/": true, "/a/b?x=%61": true, "http://elsewhere/a/b": true,
		"/%61/b": true, "/a%2fb": false, "/a%2Fb": false, "/a/%2e/b": false, "//a/b": true, "/a//b": true, "/x/../a/b": false, "/./a/b": true,
		"//a/%2e/b": false, "//x/../a/b": false, "//healthz": false, "/./healthz": false,
		"/x/%2e%2e/a/b": false, "/A/b": false, "/a/b%00": false, "/a;x/b": false, "/a\\b": false, "/healthz": true, "/%68ealthz": true, "/healthz%0a": false, "*": false, "/a/b#x": false,
	} {
		answers := exchange(t, strings.TrimPrefix(base, "http://"), "GET "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if len(answers) != 1 || strings.HasPrefix(answers[0], "200 ") != in {
			t.Errorf("%s is answered with %q", target, answers)
		}
	}
}

// exchange sends bytes, ends its side, and returns what came back: status and
// body of each answer.
func exchange(t *testing.T, address, request string) (answers []string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers // the end, or a cut
		}
		body, _ := io.ReadAll(response.Body) // a cut answer is one too
		answers = append(answers, fmt.Sprintf("%d %s", response.StatusCode, body))
	}
}
