//go:build full

package flood_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
)

const (
	flood     = 10_000
	mostKiB   = 160 << 10 // of resident memory, with 4,000 connections held
	patience  = time.Minute
	promise   = 5 * time.Second
	asClient  = "FLOOD_OF"
	endpoint  = "/servicemanager/services/njadmin-api-recording"
	heldLines = "held"
)

// TestMain makes this binary the client too, as a process of its own: what
// floods another one pays for its connections itself.
func TestMain(m *testing.M) {
	if address := os.Getenv(asClient); address != "" {
		if err := holdConnections(address, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	process.Main(m)
}

// holdConnections opens the connections, of four kinds, and keeps them until its input
// ends: silent, in the middle of a header, in the middle of a body, idle after
// a request.
func holdConnections(address string, in io.Reader, out io.Writer) error {
	kinds := []string{
		"",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"POST " + endpoint + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 60000\r\n\r\n<a>",
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	}
	conns := make([]net.Conn, 0, flood)
	for i := range flood {
		conn, err := net.DialTimeout("tcp", address, patience)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, conn)
		kind := kinds[i%len(kinds)]
		if i%len(kinds) == 2 && i > 400 { // bodies take a request each, of which there may be a thousand
			kind = kinds[0]
		}
		_, _ = io.WriteString(conn, kind) // the server may have had enough of it
	}
	fmt.Fprintln(out, heldLines, len(conns))
	_, err := io.Copy(io.Discard, in)
	for _, conn := range conns {
		_ = conn.Close() // maybe closed by the server
	}
	return err
}

func TestFlood(t *testing.T) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < flood+2000 {
		t.Fatalf("%d files may be open, %d are needed: raise the limit (ulimit -Hn), %v", files.Cur, flood+2000, err)
	}
	recgate, address := serve(t)
	before := memoryOf(t, recgate)
	client := exec.Command(os.Args[0]) //nolint:gosec // ourselves
	client.Env = append(os.Environ(), asClient+"="+address)
	client.Stderr = os.Stderr
	stop, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	flooding, err := child.Start(client)
	if err != nil {
		t.Fatal(err)
	}
	slowest := time.Duration(0)
	done := make(chan string, 1)
	go func() { line, _ := bufio.NewReader(said).ReadString('\n'); done <- line }()
	for held, late := "", time.Now().Add(await.Patience); held == ""; {
		if time.Now().After(late) {
			t.Fatalf("the client does not hold its connections after %v", await.Patience)
		}
		select {
		case held = <-done:
			if !strings.HasPrefix(held, heldLines) {
				t.Fatal("the client could not hold its connections")
			}
		case <-time.After(20 * time.Millisecond):
		}
		slowest = max(slowest, timeStart(t, address))
	}
	for range 50 {
		slowest = max(slowest, timeStart(t, address))
	}
	after := memoryOf(t, recgate)
	t.Logf("%d connections: resident memory from %d to %d KiB, the slowest answer took %v", flood, before, after, slowest)
	if after > mostKiB {
		t.Errorf("recgate has %d KiB resident, over %d", after, mostKiB)
	}
	metrics := get(t, "http://"+address+"/metrics")
	open := regexp.MustCompile(`(?m)^recgate_http_connections (\d+)$`).FindStringSubmatch(metrics)
	if open == nil {
		t.Fatalf("no count of connections in\n%s", metrics)
	}
	if n, err := strconv.Atoi(open[1]); err != nil || n > 4000 {
		t.Errorf("%d connections are open, %v", n, err)
	}
	if err := stop.Close(); err != nil {
		t.Error(err)
	}
	if err := flooding.Wait(await.Patience); err != nil {
		t.Error(err)
	}
}

// serve builds recgate and runs its demo, on any port.
func serve(t *testing.T) (recgate *child.Child, address string) {
	t.Helper()
	dir := t.TempDir()
	address = port.Address(t)
	cmd := exec.Command(process.Build(t), "demo", "--listen", address, "--data", filepath.Join(dir, "data"))
	recgate, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(recgate.Kill)
	for deadline := time.Now().Add(patience); ; {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close() // nothing was asked
			return recgate, address
		}
		if time.Now().After(deadline) {
			t.Fatal("recgate does not serve")
		}
	}
}

// timeStart makes one call as a new caller, and returns how long it took.
func timeStart(t *testing.T, address string) time.Duration {
	t.Helper()
	began := time.Now()
	if text := get(t, "http://"+address+endpoint+"?method=stop&extenOrUniqueId=999"); !strings.Contains(text, "999") {
		t.Fatalf("it answers %.300s", text)
	}
	took := time.Since(began)
	if took > promise {
		t.Errorf("an answer took %v", took)
	}
	return took
}

func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// memoryOf returns the resident memory of a process in KiB.
func memoryOf(t *testing.T, p *child.Child) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmRSS in\n%s", text)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
