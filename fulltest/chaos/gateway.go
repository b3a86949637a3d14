package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"recgate/internal/child"
)

// gateway is recgate as a process of its own, kept alive as a service manager
// does: when it ends it is started again, unless it is held down.
type gateway struct {
	binary, dir string
	config      string
	base        string // http://127.0.0.1:PORT
	log         *os.File

	mu        sync.Mutex      // guards all that follows
	held      int             // it is not to run
	process   *gatewayProcess // nil while none runs
	exits     []exit
	processes int
}

// gatewayProcess is one process.
type gatewayProcess struct {
	*child.Child
	began time.Time
}

// state is how it ended.
func (l *gatewayProcess) state() *os.ProcessState { return l.Cmd.ProcessState }

// exit is an end that nobody asked for.
type exit struct {
	at    time.Time
	state string
}

// longestBuild is how long that may take while others compile, too, and
// longestCommand how long another command of recgate may take.
const (
	longestBuild   = 5 * time.Minute
	longestCommand = 2 * time.Minute
)

// buildGateway builds recgate with the race detector and the movable clock.
func buildGateway(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "recgate")
	out, err := child.Output(longestBuild, exec.CommandContext(ctx, "go", "build", "-race", "-tags", "chaos", "-o", path, "recgate/cmd/recgate"))
	if err != nil {
		return "", fmt.Errorf("build recgate: %w: %s", err, out)
	}
	return path, nil
}

func newGateway(binary, dir, listen, config string) (*gateway, error) {
	g := &gateway{binary: binary, dir: dir, config: filepath.Join(dir, "recgate.yaml"), base: "http://" + listen}
	if err := os.WriteFile(g.config, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	if err := g.moveClock(0); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "recgate.log"))
	if err != nil {
		return nil, fmt.Errorf("recgate's log: %w", err)
	}
	g.log = log
	return g, nil
}

// restartAfter is how long the service manager waits.
const restartAfter = 300 * time.Millisecond

// keepRunning runs the process again and again until ctx ends.
func (g *gateway) keepRunning(ctx context.Context) {
	tick := time.NewTicker(restartAfter)
	defer tick.Stop()
	for {
		over := g.start()
		select {
		case <-ctx.Done():
			return
		case <-over:
			g.noteEnd(over)
		case <-tick.C:
		}
	}
}

// start starts the process if it has to run and does not, and returns what is
// closed at its end; nil while none runs.
func (g *gateway) start() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held > 0 {
		return nil
	}
	if g.process != nil {
		return g.process.Ended()
	}
	cmd := exec.Command(g.binary, "serve", "--config", g.config) //nolint:noctx // it is ended by signals
	cmd.Dir, cmd.Stdout, cmd.Stderr = g.dir, g.log, g.log
	cmd.Env = append(os.Environ(), "CHAOS_CLOCK="+g.clockFile())
	serve, err := child.Start(cmd)
	if err != nil {
		g.exits = append(g.exits, exit{time.Now(), err.Error()})
		return nil
	}
	g.process = &gatewayProcess{serve, time.Now()}
	g.processes++
	return serve.Ended()
}

// noteEnd notes the end of the process that has this channel, unless it was
// asked for.
func (g *gateway) noteEnd(over <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.process == nil || g.process.Ended() != over {
		return
	}
	g.exits = append(g.exits, exit{time.Now(), g.process.state().String()})
	g.process = nil
}

// hold ends the process by a signal and keeps it from running until up.
func (g *gateway) hold(with syscall.Signal) error {
	g.mu.Lock()
	g.held++
	l := g.process
	g.process = nil
	g.mu.Unlock()
	if l == nil {
		return nil
	}
	var exit *exec.ExitError
	if err := l.End(with, longestStop); err != nil && !errors.As(err, &exit) { // how it ended is judged below
		return err
	}
	early := time.Since(l.began) < earlyStop && strings.HasSuffix(l.state().String(), "terminated")
	if with != syscall.SIGKILL && l.state().ExitCode() != 0 && !early {
		return fmt.Errorf("recgate's graceful stop did not end well: %s", l.state())
	}
	return nil
}

// earlyStop is how young a process may be that is ended by the signal itself,
// as every program is before it has come to say what signals mean to it.
const earlyStop = 3 * time.Second

// longestStop is how long a graceful stop may take on a busy machine.
const longestStop = 40 * time.Second

// release lets it run again.
func (g *gateway) release() {
	g.mu.Lock()
	g.held--
	g.mu.Unlock()
	g.start()
}

func (g *gateway) clockFile() string { return filepath.Join(g.dir, "clock") }

// moveClock sets how much recgate's clock is ahead of the machine's.
func (g *gateway) moveClock(ahead time.Duration) error {
	file := g.clockFile() + ".new"
	if err := os.WriteFile(file, []byte(ahead.String()), 0o644); err != nil {
		return fmt.Errorf("move the clock: %w", err)
	}
	return os.Rename(file, g.clockFile())
}

// awaitReady waits until every dependency is there.
func (g *gateway) awaitReady(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := "no answer"
	for {
		status, body, err := fetch(ctx, g.base+"/readyz")
		switch {
		case err == nil && status == http.StatusOK:
			return nil
		case err == nil:
			last = body
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("recgate is not ready after %s: %s", limit, last)
		case <-tick.C:
		}
	}
}

// runCommand runs another command of recgate, on the same configuration.
func (g *gateway) runCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.binary, append(args, "--config", g.config)...)
	cmd.Dir, cmd.Env = g.dir, append(os.Environ(), "CHAOS_CLOCK="+g.clockFile())
	return child.Output(longestCommand, cmd)
}

// logLines returns the lines of its log that hold one of the words.
func (g *gateway) logLines(words ...string) ([]string, error) {
	text, err := os.ReadFile(g.log.Name())
	if err != nil {
		return nil, fmt.Errorf("recgate's log: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		for _, word := range words {
			if strings.Contains(line, word) {
				found = append(found, strings.TrimSpace(line))
				break
			}
		}
	}
	return found, nil
}
