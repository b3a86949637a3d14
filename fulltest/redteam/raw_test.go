//go:build full

package redteam_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"recgate/internal/await"
)

// headers are those that recgate, or what stands in front of it, looks at.
var headers = []string{
	"Host", "SOAPAction", "X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "X-Rewrite-URL",
	"X-HTTP-Method-Override", "Authorization", "User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Referer", "Cookie", "Range", "If-Range",
	"Expect", "Upgrade", "X-Request-Id", "Origin",
}

// attackRaw sends each value as it is in each header, and in the path. The request
// would stop the victim's recording, but for its key, which is missing.
func (c *campaign) attackRaw(t *testing.T, values []string) {
	orders := make(chan string)
	var wg sync.WaitGroup
	for range attackers {
		wg.Go(func() {
			for request := range orders {
				if err := c.send(request); err != nil {
					t.Errorf("%.300q: %v", request, err)
				}
			}
		})
	}
	target := endpoint + "?method=stop&extenOrUniqueId=500"
	for i, value := range values {
		// Two headers for each value: in the end every header has had every kind.
		for _, name := range []string{headers[i%len(headers)], headers[(i*7+3)%len(headers)]} {
			host := "Host: localhost\r\n"
			if name == "Host" {
				host = ""
			}
			orders <- "GET " + target + " HTTP/1.1\r\n" + host + name + ": " + value + "\r\nConnection: close\r\n\r\n"
		}
		for _, path := range []string{"/" + percent(value), "/servicemanager/services/" + percent(value), "/" + percent(value) + "/.." + endpoint, value} {
			orders <- "GET " + path + "?method=stop&extenOrUniqueId=500 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
		}
		orders <- strings.Map(token, value) + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	}
	close(orders)
	await.ReturnWithin(t, longestAttack, "the attackers to be done", wg.Wait)
}

// token leaves what a method may be made of.
func token(r rune) rune {
	if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		return r
	}
	return -1
}

// send sends bytes and checks that nothing which comes back is a success, or
// holds a header that the caller wrote.
func (c *campaign) send(request string) error {
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.p.Base, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return nil // it was refused before it was read
	}
	lines := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(lines, nil)
		if err != nil {
			return nil // the end, or the connection was cut
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil
		}
		if response.StatusCode < 400 {
			return fmt.Errorf("status %d: %.300q", response.StatusCode, body)
		}
		if err := (answer{response.StatusCode, response.Header, body}).checkSound(); err != nil {
			return err
		}
	}
}

// checkLog checks that no text of a caller's makes a line of its own in the log,
// nor a character that a terminal obeys.
func (c *campaign) checkLog(t *testing.T) {
	faults := 0
	for line := range strings.Lines(c.p.Log(t)) {
		line = strings.TrimSuffix(line, "\n")
		var fields map[string]any
		isLine := strings.HasPrefix(line, "time=") || json.Unmarshal([]byte(line), &fields) == nil
		unprintable := strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) })
		if (!isLine || unprintable || fields["msg"] == "forged") && faults < 10 {
			faults++
			t.Errorf("a line of the log: %.400q", line)
		}
	}
}

// trap is a place that hostile documents name to be fetched from.
type trap struct {
	listener net.Listener
	count    atomic.Int64
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &trap{listener: listener}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.count.Add(1)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		await.Return(t, "the trap to close", wg.Wait)
	})
	return p
}

func (p *trap) address() string { return p.listener.Addr().String() }

func (p *trap) visits() int64 { return p.count.Load() }
