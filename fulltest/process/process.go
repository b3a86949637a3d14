package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/internal/child"
	"recgate/internal/port"
)

// patience is how long a command or an end may take on a busy machine.
const patience = time.Minute

// mostShown is how much of a log a failed test shows; the whole is kept.
const mostShown = 20_000

// Process is a recgate serve. It ends with its test, which fails if it does
// not end well, or if the race detector spoke.
type Process struct {
	Base   string // http://127.0.0.1:PORT
	Dir    string // where it runs, with recgate.yaml and its log
	binary string
	serve  *child.Child // nil while it does not run
	log    *os.File
}

// New writes the configuration into dir, with an address of its own to listen
// on. Nothing runs yet.
func New(t testing.TB, binary, dir, yaml string) *Process {
	t.Helper()
	listen := port.Address(t)
	p := &Process{Base: "http://" + listen, Dir: dir, binary: binary}
	if err := os.WriteFile(p.Config(), []byte("listen: "+listen+"\n"+yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p.log = log
	t.Cleanup(func() { p.end(t) })
	return p
}

// Config is the path of its configuration.
func (p *Process) Config() string { return filepath.Join(p.Dir, "recgate.yaml") }

// Install puts another program in its place, for the next start and for the
// commands that follow.
func (p *Process) Install(binary string) { p.binary = binary }

// Begin starts it and returns at once.
func (p *Process) Begin(t testing.TB) {
	t.Helper()
	cmd := exec.Command(p.binary, "serve", "--config", p.Config()) //nolint:noctx // ended by end
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, p.log, p.log
	var err error
	if p.serve, err = child.Start(cmd); err != nil {
		t.Fatal(err)
	}
}

// Start starts it and waits until it is ready.
func (p *Process) Start(t testing.TB) {
	t.Helper()
	p.Begin(t)
	p.AwaitReady(t)
}

// PID is its process id, while it runs.
func (p *Process) PID() int { return p.serve.PID() }

// Signal sends it a signal that does not end it.
func (p *Process) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.serve.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// Kill is kill -9.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	p.serve.Kill()
	p.serve = nil
}

// Stop is a graceful stop. One that takes longer than patience fails the test,
// and the log has the stacks of all goroutines of recgate then.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	serve := p.serve
	p.serve = nil
	if err := serve.End(syscall.SIGTERM, patience); err != nil { // it may have ended by itself, which is told too
		t.Errorf("recgate in %s ended: %v", filepath.Base(p.Dir), err)
	}
}

// Log is all that it has written to its log.
func (p *Process) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// end stops the process, and shows the end of its log if the test failed.
func (p *Process) end(t testing.TB) {
	if p.serve != nil {
		p.Stop(t)
	}
	text := p.Log(t)
	if strings.Contains(text, "DATA RACE") {
		t.Error("the race detector spoke")
	}
	if t.Failed() {
		t.Logf("recgate said at the end:\n%s", text[max(0, len(text)-mostShown):])
		if kept, err := keepLog(text); err == nil {
			t.Logf("all that it said is in %s", kept)
		}
	}
	_ = p.log.Close() // nothing is written any more
}

// keepLog writes a log to where the test does not delete it.
func keepLog(text string) (string, error) {
	f, err := os.CreateTemp("", "recgate-said-*.log")
	if err != nil {
		return "", fmt.Errorf("keep the log: %w", err)
	}
	_, err = f.WriteString(text)
	return f.Name(), errors.Join(err, f.Close())
}
