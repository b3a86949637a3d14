// Package child starts the programs that tests need, so that none outlives its
// test: Start runs one in a process group of its own, and End, Kill and Wait
// end with it, or at a deadline with an error that says what did not end.
//
// However the test binary itself ends (by its own -timeout, by Ctrl-C, by kill
// -9), the kernel kills what it started, and a shell that outlives it (see
// cleaner.go) kills what those programs started, unmounts disks and removes
// folders.
package child

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// pipesStayOpen is how long the output of a program is waited for after its
// end, when something that it started keeps it open.
const pipesStayOpen = 10 * time.Second

// lastWords is how long a program may take to say what it waits for, when it
// did not end in time and is asked by SIGQUIT, which makes a program in Go
// print the stacks of its goroutines.
const lastWords = 5 * time.Second

// heldByKernel is how long a program that was killed is waited for.
const heldByKernel = time.Minute

// Child is a program that was started.
type Child struct {
	Cmd   *exec.Cmd
	ended chan struct{} // closed when the program has ended and was waited for
	err   error         // of cmd.Wait; read after ended is closed
}

// Start starts a program that ends with the test binary at the latest. The
// attributes that cmd has already are kept; do not call its Wait.
func Start(cmd *exec.Cmd) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithUs(cmd.SysProcAttr)
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = pipesStayOpen
	}
	c := &Child{Cmd: cmd, ended: make(chan struct{})}
	started := make(chan error, 1)
	go c.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c, err)
	}
	return c, nil
}

// run starts the program and waits for it on one thread: the kernel kills a child
// that is to die with its parent when the thread that started it ends. Afterwards
// the thread goes back to Go and does not end, since it may have started other
// children.
func (c *Child) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.ended)
	err := theCleaner.start(c.Cmd)
	started <- err
	if err == nil {
		c.err = c.Cmd.Wait()
		killGroup(c.PID()) // what it started and left behind
		theCleaner.send("over", fmt.Sprint(c.PID()))
	}
}

// PID is its process id, which is also the id of its process group.
func (c *Child) PID() int { return c.Cmd.Process.Pid }

// String is the name of the program and its arguments.
func (c *Child) String() string {
	text := strings.Join(c.Cmd.Args, " ")
	return text[:min(len(text), 200)]
}

// Ended is closed when the program has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// IsRunning reports whether it has not ended yet.
func (c *Child) IsRunning() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the program alone.
func (c *Child) Signal(s os.Signal) error { return c.Cmd.Process.Signal(s) }

// Kill kills the program and its process group, as kill -9 does. It returns when the
// program has ended, or after a minute, when the kernel does not let it end.
func (c *Child) Kill() {
	killGroup(c.PID())
	c.waitAtMost(heldByKernel)
}

// End sends a signal that ends the program, and waits as Wait does. A program
// that is suspended is resumed first. A program that has ended already is not an
// error.
func (c *Child) End(by os.Signal, limit time.Duration) error {
	if err := c.Signal(syscall.SIGCONT); err == nil {
		err = c.Signal(by)
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("end %s: %w", c, err)
		}
	}
	return c.Wait(limit)
}

// Wait waits until the program ends, and returns what [exec.Cmd.Wait] does. At
// the limit the program is killed, with all that it started, and the error
// names it. Both may be called again.
func (c *Child) Wait(limit time.Duration) error {
	if c.waitAtMost(limit) {
		return c.err
	}
	_ = c.Signal(syscall.SIGQUIT) // it may have ended just now
	c.waitAtMost(lastWords)
	c.Kill()
	return fmt.Errorf("process %d (%s) had not ended after %v, and was killed; its output says what it waited for", c.PID(), c, limit)
}

func (c *Child) waitAtMost(limit time.Duration) bool {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-c.ended:
		return true
	case <-late.C:
		return false
	}
}

// Run starts a program and waits until it ends, as Wait does.
func Run(limit time.Duration, cmd *exec.Cmd) error {
	c, err := Start(cmd)
	if err != nil {
		return err
	}
	return c.Wait(limit)
}

// Output is Run, and returns all that the program printed. When it ended as it
// should nothing that it started in its process group is left.
func Output(limit time.Duration, cmd *exec.Cmd) (string, error) {
	var out Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := Run(limit, cmd)
	return out.String(), err
}

// Buffer is a buffer for the output of a program, or a log: it may be read while
// others write to it.
type Buffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
