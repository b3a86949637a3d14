//go:build full

package redteam_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"recgate/lab"
)

// builtBinary builds recgate once for all tests.
var builtBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "recgate-red-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "recgate")
	out, err := exec.Command("go", "build", "-o", path, "recgate/cmd/recgate").CombinedOutput()
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

// program is a recgate serve that runs as a process of its own.
type program struct {
	dir, base string
	client    *http.Client
	cmd       *exec.Cmd
	log       *os.File
}

// newProgram starts recgate and waits until it is ready. Its working folder is
// its own, and everything that it may write is in there or in the spool.
func newProgram(t *testing.T, l *lab.Lab, ami, recorder, database, logs string) *program {
	t.Helper()
	dir := t.TempDir()
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "recgate.db")
	}
	listen := freeAddress(t)
	yaml := fmt.Sprintf("listen: %s\ndatabase: %q\narchive: %q\nlog: %s\nlog_level: debug\nlegacy:\n  api_keys: [%s]\n"+
		"pbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: %s\n    recorder: %s\n    spool: %s\n",
		listen, database, "file:"+filepath.Join(dir, "archive"), logs, apiKey, ami, l.Secret("recorder"), recorder, l.Spool)
	if err := os.WriteFile(filepath.Join(dir, "recgate.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	path, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: attackers}
	p := &program{
		dir: dir, base: "http://" + listen, log: log, cmd: exec.Command(path, "serve", "--config", "recgate.yaml"),
		client: &http.Client{Timeout: 30 * time.Second, Transport: transport},
	}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		p.end(t)
	})
	for limit := time.Now().Add(20 * time.Second); p.fetch(t, "/readyz") != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("recgate does not get ready")
		}
	}
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

func (p *program) fetch(t *testing.T, path string) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ask(p.client, r, false)
	if err != nil {
		return 0
	}
	return a.status
}

// end stops the process, and shows the end of its log if the test failed.
func (p *program) end(t *testing.T) {
	_ = p.cmd.Process.Signal(os.Interrupt) // one that has ended already is told by Wait
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("recgate ended: %v", err)
	}
	text := p.said(t)
	if t.Failed() {
		t.Logf("recgate said at the end:\n%s", text[max(0, len(text)-6000):])
	}
	_ = p.log.Close()
}

// said is the log.
func (p *program) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// command runs another command of recgate on the same configuration.
func (p *program) command(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.cmd.Path, append(args, "--config", "recgate.yaml")...)
	cmd.Dir = p.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("recgate %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}
