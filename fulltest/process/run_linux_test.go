package process_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"recgate/internal/await"
	"recgate/internal/child"
)

// TestRun: what fulltest/run runs ends with it, its own programs included, and
// its exit code is handed on.
func TestRun(t *testing.T) {
	for _, by := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(by.String(), func(t *testing.T) {
			cmd := exec.Command("../run", "sh", "-c", "sleep 600 & echo $$ $!; wait")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			run, err := child.Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(run.Kill)
			var line string
			await.Return(t, "the process ids", func() { line, _ = bufio.NewReader(out).ReadString('\n') })
			pids := strings.Fields(line)
			if len(pids) != 2 {
				t.Fatalf("it said %q", line)
			}
			var exit *exec.ExitError
			if err := run.End(by, await.Patience); !errors.As(err, &exit) {
				t.Errorf("run ended with %v, want a code that says so", err)
			}
			for _, pid := range pids {
				await.Until(t, "process "+pid+" to end", func() bool {
					_, err := os.Stat("/proc/" + pid)
					return errors.Is(err, os.ErrNotExist)
				})
			}
		})
	}
	for code, want := range map[string]int{"exit 0": 0, "exit 3": 3} {
		cmd := exec.Command("../run", "sh", "-c", code)
		var exit *exec.ExitError
		if err := child.Run(await.Patience, cmd); err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != want {
			t.Errorf("%s: run ended with %v", code, err)
		}
	}
}
