package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	waiting "recgate/internal/await"

	"recgate/internal/child"
)

// asProgram is set in the environment of a test binary that is to be recgate
// itself, so that tests can run the program as a process.
const asProgram = "TEST_RUNS_AS_RECGATE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	// Most of these tests wait for deadlines of the product.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// self is the path of this test binary.
func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// program prepares recgate as a process of its own, in a folder.
func program(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, self(), args...)
	cmd.Dir = dir
	cmd.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + os.TempDir()}, env...)
	return cmd
}

// result is how a run of the program ended.
type result struct {
	code           int
	stdout, stderr string
}

// recgate runs the program to its end.
func recgate(t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	return waitForEnd(t, program(t.Context(), dir, env, args...))
}

func waitForEnd(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	var exit *exec.ExitError
	if fail := child.Run(waiting.Patience, cmd); fail != nil && !errors.As(fail, &exit) {
		t.Fatalf("%v\n%s%s", fail, out.String(), err.String())
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), err.String()}
}

// nobody is the user that a test run as root starts the program as, since
// nothing is forbidden to root.
const nobody = 65534

// recgateAsNobody runs the program as somebody to whom files can be
// forbidden: another user when the test runs as root, else the same.
func recgateAsNobody(t *testing.T, dir string, args ...string) result {
	t.Helper()
	if os.Geteuid() != 0 {
		return recgate(t, dir, nil, args...)
	}
	// The test binary lies in a folder that is closed to others.
	open := t.TempDir()
	if err := os.Chmod(filepath.Dir(open), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := program(t.Context(), dir, nil, args...)
	cmd.Path = filepath.Join(open, "recgate")
	// A copy would be busy while another test forks.
	if err := os.Link(self(), cmd.Path); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return waitForEnd(t, cmd)
}
