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
	"recgate/internal/await"
)

// TestTooManyConnections: hundreds of connections that say nothing, half a
// header or one request and no more do not keep others out; those whose
// request is being answered stay.
func TestTooManyConnections(t *testing.T) {
	finish, begun := make(chan struct{}), make(chan struct{})
	var server *httpd.Server
	base, _ := runServer(t, httpd.Options{Connections: 20}, func(s *httpd.Server) {
		server = s
		s.Mount("/slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			begun <- struct{}{}
			<-finish
			fmt.Fprint(w, "whole")
		}))
	})
	address := strings.TrimPrefix(base, "http://")
	dial := func(say string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() }) // maybe closed by the server
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, say); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	slow := dial("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	await.From(t, "the request to arrive", begun)
	silent := dial("")
	for i := range 300 {
		dial([]string{"", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"}[i%3])
		if i%30 == 0 {
			if status, _, _, err := get(t.Context(), base+"/healthz"); err != nil || status != http.StatusOK {
				t.Fatalf("a new caller beside %d: %d, %v", i, status, err)
			}
		}
	}
	// What has been dialled is not all accepted yet.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		open, dropped := server.Connections()
		if open <= 20 && dropped >= 280 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are open, %d were dropped", open, dropped)
		}
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the oldest silent connection lives")
	}
	close(finish)
	res, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatalf("the request that was being answered: %v", err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "whole" {
		t.Errorf("it got %q, %v", body, err)
	}
}
