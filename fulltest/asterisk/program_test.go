//go:build full

package asterisk_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/lab"
)

// builtBinary builds recgate once for all tests, with the race detector.
var builtBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "recgate-full-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "recgate")
	out, err := exec.Command("go", "build", "-race", "-o", path, "recgate/cmd/recgate").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := builtBinary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path)) // a leftover in the temporary folder harms nobody
	}
	os.Exit(code)
}

// program is a recgate serve that runs as a process of its own, by a YAML file.
type program struct {
	dir, config, base string
	cmd               *exec.Cmd
	log               *os.File
}

// settings are what a test wants different.
type settings struct {
	recorder string
	database string // empty: SQLite
	address  string // of AMI; empty: the lab's
	more     string // lines of YAML
}

// newProgram writes the configuration and starts the program.
func newProgram(t *testing.T, l *lab.Lab, s settings) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{dir: dir, config: filepath.Join(dir, "recgate.yaml")}
	listen := freeAddress(t)
	p.base = "http://" + listen
	if s.database == "" {
		s.database = "sqlite:" + filepath.Join(dir, "recgate.db")
	}
	if s.address == "" {
		s.address = l.AMI
	}
	if s.recorder == "" {
		s.recorder = "auto"
	}
	yaml := fmt.Sprintf("listen: %s\ndatabase: %q\narchive: %q\nlog: text\nlog_level: debug\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: %s\n    recorder: %s\n    spool: %s\n%s",
		listen, s.database, "file:"+filepath.Join(dir, "archive"), s.address, l.Secret("recorder"), s.recorder, l.Spool, s.more)
	if err := os.WriteFile(p.config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p.log = log
	t.Cleanup(func() { p.end(t) })
	p.start(t)
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts the process and waits until it says that it is ready.
func (p *program) start(t *testing.T) {
	t.Helper()
	path, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(path, "serve", "--config", p.config)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.await(t, "to be ready", func() bool { status, _ := p.fetch(t, "/readyz"); return status == http.StatusOK })
}

// kill is kill -9.
func (p *program) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // reports the kill
	p.cmd = nil
}

// stop is a graceful stop.
func (p *program) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("graceful stop: %v", err)
	}
	p.cmd = nil
}

// end stops the process, and shows its log if the test failed or a race was seen.
func (p *program) end(t *testing.T) {
	if p.cmd != nil {
		p.stop(t)
	}
	log, err := os.ReadFile(p.log.Name())
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(string(log), "DATA RACE") {
		t.Error("the race detector spoke")
	}
	if t.Failed() {
		t.Logf("recgate said:\n%s", log)
	}
	_ = p.log.Close()
}

func (p *program) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited in vain for recgate %s", what)
}

func (p *program) fetch(t *testing.T, path string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer.StatusCode, err.Error()
	}
	return answer.StatusCode, string(b)
}

// ask calls a method of the legacy endpoint by GET.
func (p *program) ask(t *testing.T, method string, args ...string) (status int, body string) {
	t.Helper()
	q := url.Values{"method": {method}}
	for i := 0; i+1 < len(args); i += 2 {
		q.Set(args[i], args[i+1])
	}
	return p.fetch(t, "/servicemanager/services/njadmin-api-recording?"+q.Encode())
}

// want asks and fails the test on another status.
func (p *program) want(t *testing.T, want int, method string, args ...string) string {
	t.Helper()
	status, body := p.ask(t, method, args...)
	if status != want {
		t.Fatalf("%s %q: status %d, want %d: %.300s", method, args, status, want, body)
	}
	return body
}

// retrieve gives the WAV behind a tag or unique id, as soon as the call is
// known to be over.
func (p *program) retrieve(t *testing.T, method, name, value string) []byte {
	t.Helper()
	var status int
	var body string
	p.await(t, "to give back "+value, func() bool {
		status, body = p.ask(t, method, name, value, "username", "fred")
		return status != http.StatusConflict || !strings.Contains(body, "in progress")
	})
	if status != http.StatusOK {
		t.Fatalf("%s %s=%s: status %d: %.300s", method, name, value, status, body)
	}
	wav, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		t.Fatalf("%s: %v in %.100q", method, err, body)
	}
	return wav
}
