package child

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// keeperScript reads a line for each thing that is begun or over, until the
// test binary ends and its end of the pipe is closed. Then it ends what is left.
//
//go:embed keeper.sh
var keeperScript string

// keep is the keeper of this test binary.
var keep keeper

// keeper is a shell that outlives the test binary for a moment.
type keeper struct {
	mu   sync.Mutex // guards pipe, and that a start and its line are one
	pipe *os.File   // nil before the first line
}

// began starts a program and tells the keeper of it.
func (k *keeper) began(cmd *exec.Cmd) error {
	if err := k.ready(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	k.tell("group", fmt.Sprint(cmd.Process.Pid))
	return nil
}

// tell writes a line to the keeper. One that is gone is no fault of the test's:
// the kernel still ends the programs.
func (k *keeper) tell(what, which string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe != nil {
		_, _ = fmt.Fprintf(k.pipe, "%s %s\n", what, which)
	}
}

// ready starts the shell, once.
func (k *keeper) ready() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe != nil {
		return nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pipe to the keeper: %w", err)
	}
	defer read.Close()                                                                         //nolint:errcheck // the shell has its own
	shell := exec.Command("/bin/sh", "-c", keeperScript, "keeper-of-"+fmt.Sprint(os.Getpid())) //nolint:noctx // it outlives us
	shell.Dir, shell.Stdin = "/", read
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if err := shell.Start(); err != nil {
		return fmt.Errorf("start the keeper: %w", err)
	}
	k.pipe = write
	return nil
}

// Folder makes a folder with a short name for a test, which the names of Unix
// sockets need, and removes it with the test, or when the test binary is killed.
func Folder(t testing.TB, pattern string) string {
	t.Helper()
	dir, remove, err := TempDir(pattern)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TempDir is Folder for who removes it by a call. pattern is that of
// [os.MkdirTemp].
func TempDir(pattern string) (dir string, remove func() error, err error) {
	if err := keep.ready(); err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp("", pattern); err != nil {
		return "", nil, fmt.Errorf("make a folder: %w", err)
	}
	keep.tell("folder", dir)
	return dir, func() error {
		err := os.RemoveAll(dir)
		if err == nil {
			keep.tell("removed", dir)
		}
		return err
	}, nil
}

// Keep leaves a folder of TempDir where it is, for somebody to look at.
func Keep(dir string) { keep.tell("removed", dir) }

// Mounted tells that something was mounted on a folder: it is unmounted when
// the test binary is killed before Unmounted was called.
func Mounted(dir string) error {
	if strings.ContainsAny(dir, " \n") {
		return fmt.Errorf("the folder %q has a blank in its name", dir)
	}
	if err := keep.ready(); err != nil {
		return err
	}
	keep.tell("mount", dir)
	return nil
}

// Unmounted ends what Mounted began.
func Unmounted(dir string) { keep.tell("unmounted", dir) }
