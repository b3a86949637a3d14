//go:build full

package galera

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/fulltest/operations"
	"recgate/lab"
)

// build makes the program, with the race detector.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recgate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", path, "recgate/cmd/recgate").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// gateway is a recgate serve in a process of its own.
type gateway struct {
	name, program, config, base string
	log                         *os.File
	cmd                         *exec.Cmd
}

// place is what two gateways share.
type place struct {
	lab              *lab.Lab
	program, archive string
}

// newGateway writes a configuration; database is its setting.
func newGateway(t *testing.T, name, database string, at place) *gateway {
	t.Helper()
	dir := t.TempDir()
	listen := local(freePorts(t, 1)[0])
	g := &gateway{name: name, program: at.program, config: filepath.Join(dir, "recgate.yaml"), base: "http://" + listen}
	// The lines of the page for operators, for three nodes on one machine.
	yaml := strings.NewReplacer("mysql://recgate:PASSWORD@192.0.2.21:3306,192.0.2.23:3306/recgate", database, "/srv/recgate/archive", at.archive).
		Replace(operations.Block(t, "two-gateways"))
	yaml += fmt.Sprintf("listen: %s\nlog: text\npbx:\n  - name: pbx1\n    address: %s\n    username: recorder\n    secret: %s\n    spool: %s\n",
		listen, at.lab.AMI, at.lab.Secret("recorder"), at.lab.Spool)
	if err := os.WriteFile(g.config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	g.log = log
	t.Cleanup(func() { g.end(t) })
	return g
}

// start runs the process; await waits until it is ready.
func (g *gateway) start(t *testing.T) {
	t.Helper()
	g.cmd = exec.Command(g.program, "serve", "--config", g.config) //nolint:noctx // ended by end
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	g.cmd.SysProcAttr = &syscall.SysProcAttr{}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) await(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		status, body := g.fetch(t.Context(), "/readyz")
		if status == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("gateway %s is not ready: %d %s", g.name, status, body)
		}
	}
}

// kill is kill -9.
func (g *gateway) kill(t *testing.T) {
	t.Helper()
	if err := g.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = g.cmd.Wait() // reports the kill
	g.cmd = nil
}

// end stops the process in order, and shows its log if the test failed or a
// race was seen.
func (g *gateway) end(t *testing.T) {
	if g.cmd != nil {
		_ = g.cmd.Process.Signal(os.Interrupt) // it may have ended by itself, which Wait tells
		if err := g.cmd.Wait(); err != nil {
			t.Errorf("gateway %s: %v", g.name, err)
		}
	}
	log, err := os.ReadFile(g.log.Name())
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(string(log), "DATA RACE") {
		t.Errorf("gateway %s: the race detector spoke", g.name)
	}
	if t.Failed() {
		for line := range strings.SplitSeq(string(log), "\n") {
			if !strings.Contains(line, "level=INFO") {
				t.Logf("%s: %s", g.name, line)
			}
		}
		_ = os.WriteFile(filepath.Join(os.TempDir(), "recgate-galera-"+g.name+".log"), log, 0o600) // for who looks closer
	}
	_ = g.log.Close() // nothing is written any more
}

func (g *gateway) fetch(ctx context.Context, path string) (status int, body string) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.base+path, nil)
	if err != nil {
		return 0, err.Error()
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close() //nolint:errcheck // was read
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(b)
}

// ask calls a method of the legacy endpoint through a pair of gateways, as a
// load balancer does: the one whose turn it is, then the other, again after a
// moment while the answer is that something is away.
func ask(ctx context.Context, pair [2]*gateway, turn int, method string, args ...string) (status int, body string) {
	q := url.Values{"method": {method}}
	for i := 0; i+1 < len(args); i += 2 {
		q.Set(args[i], args[i+1])
	}
	for ctx.Err() == nil {
		g := pair[turn%2]
		status, body = g.fetch(ctx, "/servicemanager/services/njadmin-api-recording?"+q.Encode())
		if status != 0 && status < http.StatusInternalServerError {
			return status, body
		}
		turn++
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return status, body
}

// wav is what retrieve gave.
func wav(body string) ([]byte, error) { return base64.StdEncoding.DecodeString(body) }
