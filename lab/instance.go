package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	maxStart   = 60 * time.Second // until an Asterisk is fully booted, on a busy machine
	maxStop    = 15 * time.Second // until it has ended in order
	maxConsole = 10 * time.Second // for one console command
)

// instance is one of the two servers of a lab.
type instance struct {
	name     string // "pbx" or "phones"
	dir      string
	runDir   string // short, for the console's socket
	tree     tree
	punctual bool

	cmd   *exec.Cmd     // nil before the first start
	ended chan struct{} // closed when cmd has ended
	wait  sync.WaitGroup
}

func newInstance(name, dir string, t tree) (*instance, error) {
	run, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return nil, fmt.Errorf("folder for the console's socket: %w", err)
	}
	return &instance{name: name, dir: dir, runDir: run, tree: t}, nil
}

func (i *instance) config() string { return filepath.Join(i.dir, "etc", "asterisk.conf") }

func (i *instance) running() bool {
	if i.cmd == nil {
		return false
	}
	select {
	case <-i.ended:
		return false
	default:
		return true
	}
}

// start starts the server, and returns when it says that it has booted.
func (i *instance) start(ctx context.Context, m account) error {
	out, err := os.OpenFile(filepath.Join(i.dir, "log", "stdout"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("log of %s: %w", i.name, err)
	}
	defer out.Close()
	// Without -f Asterisk would leave us and become a daemon. The context is
	// not the test's: the server lives until stop, which ends it in order.
	args := []string{"-f", "-n", "-C", i.config()}
	if i.punctual {
		args = append(args, "-p")
	}
	cmd := i.tree.command(context.Background(), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = i.dir, out, out
	cmd.SysProcAttr = dieWithUs()
	if err := i.launch(cmd); err != nil {
		return fmt.Errorf("start %s: %w", i.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, maxStart)
	defer cancel()
	if err := i.booted(ctx, m); err != nil {
		return fmt.Errorf("%s did not come up: %w\n%s", i.name, err, i.logTail())
	}
	return nil
}

// launch runs cmd from a thread that lives as long as it does: the kernel
// ends a child that is to die with its parent when the parent's thread ends.
// The thread goes back to Go afterwards, and does not end either: it may have
// started other children before.
func (i *instance) launch(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	ended := make(chan struct{})
	i.wait.Go(func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a server that we kill ends with an error
		}
	})
	if err := <-started; err != nil {
		return err
	}
	i.cmd, i.ended = cmd, ended
	return nil
}

// booted waits until AMI lets us in and says FullyBooted.
func (i *instance) booted(ctx context.Context, a account) error {
	for {
		m, err := a.login(ctx, "on")
		if err == nil {
			_, err = m.await(maxStart, "FullyBooted", func(e message) bool { return e["Event"] == "FullyBooted" })
			m.close()
			return err
		}
		select {
		case <-i.ended:
			return fmt.Errorf("it ended: %v", i.cmd.ProcessState)
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// console runs one command on the server's console.
func (i *instance) console(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, maxConsole)
	defer cancel()
	cmd := i.tree.command(ctx, "-C", i.config(), "-rx", command)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s%s", err, out, stderr.Bytes())
	}
	return string(out), nil
}

func (i *instance) kill() {
	if i.running() {
		_ = i.cmd.Process.Kill() // it may have ended just now
	}
	i.wait.Wait()
}

func (i *instance) shutdown() {
	if !i.running() {
		return
	}
	if _, err := i.console(context.Background(), "core stop now"); err != nil {
		_ = i.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-i.ended:
	case <-time.After(maxStop):
	}
	i.kill()
}

// close ends the server for good.
func (i *instance) close() {
	i.shutdown()
	_ = os.RemoveAll(i.runDir)
}

// logTail returns the last lines that the server wrote.
func (i *instance) logTail() string {
	var tail []string
	for _, name := range []string{"stdout", "messages"} {
		b, err := os.ReadFile(filepath.Join(i.dir, "log", name))
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(b)), "\n")
		tail = append(tail, lines[max(0, len(lines)-20):]...)
	}
	return strings.Join(tail, "\n")
}
