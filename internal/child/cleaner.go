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

// cleanerScript reads a line for each thing that is begun or over, until the
// test binary ends and its end of the pipe is closed. Then it ends what is left.
//
//go:embed cleaner.sh
var cleanerScript string

// theCleaner is the cleaner of this test binary.
var theCleaner cleaner

// cleaner is a shell that outlives the test binary for a moment.
type cleaner struct {
	mu   sync.Mutex // guards pipe, and that a start and its line are one
	pipe *os.File   // nil before the first line
}

// start starts a program and tells the shell about it.
func (k *cleaner) start(cmd *exec.Cmd) error {
	if err := k.ensureRunning(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	k.send("group", fmt.Sprint(cmd.Process.Pid))
	return nil
}

// send writes a line to the shell. If the shell has gone, the test does not fail:
// the kernel still ends the programs.
func (k *cleaner) send(what, which string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe != nil {
		_, _ = fmt.Fprintf(k.pipe, "%s %s\n", what, which)
	}
}

// ensureRunning starts the shell, once.
func (k *cleaner) ensureRunning() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe != nil {
		return nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pipe to the cleaning shell: %w", err)
	}
	defer read.Close()                                                                           //nolint:errcheck // the shell has its own
	shell := exec.Command("/bin/sh", "-c", cleanerScript, "cleaner-of-"+fmt.Sprint(os.Getpid())) //nolint:noctx // it outlives us
	shell.Dir, shell.Stdin = "/", read
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	if err := shell.Start(); err != nil {
		return fmt.Errorf("start the cleaning shell: %w", err)
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

// TempDir makes a folder that the caller removes by calling remove. pattern is as
// for [os.MkdirTemp].
func TempDir(pattern string) (dir string, remove func() error, err error) {
	if err := theCleaner.ensureRunning(); err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp("", pattern); err != nil {
		return "", nil, fmt.Errorf("make a folder: %w", err)
	}
	theCleaner.send("folder", dir)
	return dir, func() error {
		err := os.RemoveAll(dir)
		if err == nil {
			theCleaner.send("removed", dir)
		}
		return err
	}, nil
}

// KeepFolder leaves a folder of TempDir where it is, for somebody to look at.
func KeepFolder(dir string) { theCleaner.send("removed", dir) }

// NoteMount notes that something was mounted on a folder: it is unmounted when
// the test binary is killed before NoteUnmount was called.
func NoteMount(dir string) error {
	if strings.ContainsAny(dir, " \n") {
		return fmt.Errorf("the folder %q has a blank in its name", dir)
	}
	if err := theCleaner.ensureRunning(); err != nil {
		return err
	}
	theCleaner.send("mount", dir)
	return nil
}

// NoteUnmount ends what NoteMount began.
func NoteUnmount(dir string) { theCleaner.send("unmounted", dir) }
