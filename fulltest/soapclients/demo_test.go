//go:build full

package soapclients_test

import (
	"bufio"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"recgate/fulltest/process"
	"recgate/internal/await"
	"recgate/internal/child"
	"recgate/internal/port"
)

// endpoint is the documented path.
const endpoint = "/servicemanager/services/njadmin-api-recording"

// maxUp is how long the demo may take until it answers.
const maxUp = 30 * time.Second

// demo is a running "recgate demo".
type demo struct {
	address string // of the endpoint
	said    *transcript
}

// channelLine is how the demo prints a channel: extension, channel, unique id.
var channelLine = regexp.MustCompile(`^\s*(\d+)\s+(\S+/\S+)\s+(\d+\.\d+)\b`)

// uniqueID returns the unique id of the channel that the demo printed for an extension.
func (d demo) uniqueID(t *testing.T, extension string) string {
	t.Helper()
	for end := time.Now().Add(maxUp); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, line := range d.said.lines() {
			if m := channelLine.FindStringSubmatch(line); m != nil && m[1] == extension {
				return m[3]
			}
		}
	}
	t.Fatalf("the demo printed no line with extension %s, channel and unique id:\n%s", extension, strings.Join(d.said.lines(), "\n"))
	return ""
}

func TestMain(m *testing.M) { process.Main(m) }

// startDemo builds the program as it is delivered and runs its demo.
func startDemo(t *testing.T) demo {
	t.Helper()
	listen := port.Address(t)
	// Not ended by a context: the cleanup ends it in order.
	cmd := exec.Command(process.Build(t), "demo", "--listen", listen, "--data", filepath.Join(t.TempDir(), "data"))
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	running, err := child.Start(cmd)
	if err != nil {
		t.Fatalf("start the demo: %v", err)
	}
	d := demo{address: "http://" + listen + endpoint, said: &transcript{}}
	var reading sync.WaitGroup
	reading.Go(func() { d.said.keep(read) })
	t.Cleanup(func() {
		if !running.IsRunning() {
			t.Error("the demo was gone before its end")
		}
		if err := running.End(syscall.SIGTERM, await.Patience); err != nil {
			t.Errorf("the demo ended with %v", err)
		}
		_ = write.Close() // never an error, by its documentation
		await.Return(t, "the end of what the demo says", reading.Wait)
		if t.Failed() {
			t.Logf("the demo said:\n%s", strings.Join(d.said.lines(), "\n"))
		}
	})
	waitUntilUp(t, d)
	return d
}

// waitUntilUp polls the WSDL.
func waitUntilUp(t *testing.T, d demo) {
	t.Helper()
	for end := time.Now().Add(maxUp); ; time.Sleep(20 * time.Millisecond) {
		response, err := (&http.Client{Timeout: maxUp}).Get(d.address + "?wsdl")
		if err == nil {
			body := readAll(t, response.Body)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK && strings.Contains(string(body), "definitions") {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the demo does not answer after %v: %v", maxUp, err)
		}
	}
}

// transcript is what a program printed.
type transcript struct {
	mu  sync.Mutex // guards all
	all []string
}

func (s *transcript) keep(r io.Reader) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		s.mu.Lock()
		s.all = append(s.all, lines.Text())
		s.mu.Unlock()
	}
}

func (s *transcript) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.all...)
}
