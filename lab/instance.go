package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"recgate/internal/child"
)

const (
	maxStart   = 60 * time.Second // until an Asterisk is fully booted, on a busy machine
	maxStop    = 15 * time.Second // until it has ended in order
	maxConsole = 10 * time.Second // for one console command
)

// instance is one of the two servers of a lab.
type instance struct {
	name         string // "pbx" or "phones"
	dir          string
	runDir       string // short, for the console's socket
	removeRunDir func() error
	tree         tree
	punctual     bool

	server *child.Child // nil before the first start
}

func newInstance(name, dir string, t tree) (*instance, error) {
	run, remove, err := child.TempDir("lab-")
	if err != nil {
		return nil, fmt.Errorf("folder for the console's socket: %w", err)
	}
	return &instance{name: name, dir: dir, runDir: run, removeRunDir: remove, tree: t}, nil
}

func (i *instance) configFile() string { return filepath.Join(i.dir, "etc", "asterisk.conf") }

func (i *instance) isRunning() bool { return i.server != nil && i.server.IsRunning() }

// start starts the server, and returns when it says that it has booted.
func (i *instance) start(ctx context.Context, m account) error {
	out, err := os.OpenFile(filepath.Join(i.dir, "log", "stdout"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("log of %s: %w", i.name, err)
	}
	defer out.Close()
	// Without -f Asterisk would leave us and become a daemon. The context is
	// not the test's: the server lives until stop, which ends it in order.
	args := []string{"-f", "-n", "-C", i.configFile()}
	if i.punctual {
		args = append(args, "-p")
	}
	cmd := i.tree.command(context.Background(), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = i.dir, out, out
	if i.server, err = child.Start(cmd); err != nil {
		return fmt.Errorf("start %s: %w", i.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, maxStart)
	defer cancel()
	if err := i.awaitBooted(ctx, m); err != nil {
		return fmt.Errorf("%s did not come up: %w\n%s", i.name, err, i.logTail())
	}
	return nil
}

// awaitBooted waits until AMI lets us in and says FullyBooted.
func (i *instance) awaitBooted(ctx context.Context, a account) error {
	for {
		m, err := a.login(ctx, "on")
		if err == nil {
			_, err = m.await(maxStart, "FullyBooted", func(e message) bool { return e["Event"] == "FullyBooted" })
			m.close()
			return err
		}
		select {
		case <-i.server.Ended():
			return fmt.Errorf("it ended: %v", i.server.Cmd.ProcessState)
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
	cmd := i.tree.command(ctx, "-C", i.configFile(), "-rx", command)
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s%s", err, out, stderr.Bytes())
	}
	return string(out), nil
}

func (i *instance) kill() {
	if i.server != nil {
		i.server.Kill()
	}
}

// shutdown ends the server in order, or kills it when that takes too long.
func (i *instance) shutdown() {
	if !i.isRunning() {
		return
	}
	if _, err := i.console(context.Background(), "core stop now"); err != nil {
		_ = i.server.Signal(syscall.SIGTERM) // it may have ended
	}
	_ = i.server.Wait(maxStop) // a server that does not end in order is killed, and no fault of the test's
}

// close ends the server for good.
func (i *instance) close() {
	i.shutdown()
	_ = i.removeRunDir() // a leftover in the temporary folder harms nobody
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
