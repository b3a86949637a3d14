package child_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"recgate/internal/await"
	"recgate/internal/child"
)

// asVictim is set in the environment of a test binary that is to be killed.
const asVictim = "CHILD_TEST_IS_VICTIM"

// withGrandchild is a program that starts another, says the process ids of
// both, and never ends; neither heeds SIGTERM.
const withGrandchild = `trap '' TERM; sleep 600 & echo $$ $!; wait; sleep 600`

func TestMain(m *testing.M) {
	if os.Getenv(asVictim) != "" {
		beVictim()
	}
	os.Exit(m.Run())
}

// beVictim starts a program, makes a folder, says what it has, and hangs.
func beVictim() {
	t := &outside{}
	dir := child.Folder(t, "child-test-")
	cmd := exec.Command("/bin/sh", "-c", withGrandchild)
	cmd.Stdout = os.Stdout
	if _, err := child.Start(cmd); err != nil {
		panic(err)
	}
	fmt.Println(dir)
	select {}
}

// outside stands for a test where there is none.
type outside struct{ testing.TB }

func (*outside) Helper()        {}
func (*outside) Cleanup(func()) {}

// isAlive reports whether a process is there and has not ended.
func isAlive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

// TestKilledTestLeavesNothing: a test binary that is killed, in whatever way,
// leaves no program, no program of a program, and no folder.
func TestKilledTestLeavesNothing(t *testing.T) {
	for _, by := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGQUIT} {
		t.Run(by.String(), func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), asVictim+"=1")
			read, write := io.Pipe()
			cmd.Stdout = write
			c, err := child.Start(cmd)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Kill)
			var lines []string
			await.Return(t, "what the victim has", func() {
				for scan := bufio.NewScanner(read); len(lines) < 2 && scan.Scan(); {
					lines = append(lines, scan.Text())
				}
			})
			go io.Copy(io.Discard, read) //nolint:errcheck // it says nothing more
			what := strings.Fields(strings.Join(lines, " "))
			if len(what) != 3 {
				t.Fatalf("the victim said %q", lines)
			}
			pids, dir := what[:2], what[2]
			if strings.HasPrefix(lines[0], "/") {
				dir, pids = what[0], what[1:]
			}
			for _, pid := range pids {
				if !isAlive(pid) {
					t.Errorf("process %s does not run", pid)
				}
			}
			if err := c.Signal(by); err != nil {
				t.Fatal(err)
			}
			await.Until(t, "the programs to end", func() bool { return !isAlive(pids[0]) && !isAlive(pids[1]) })
			await.Until(t, "the folder to go", func() bool { _, err := os.Stat(dir); return errors.Is(err, os.ErrNotExist) })
		})
	}
}

// TestLateProgramIsKilled: a program that does not end is killed at the limit,
// with what it started, and the error names it and the limit.
func TestLateProgramIsKilled(t *testing.T) {
	var said strings.Builder
	cmd := exec.Command("/bin/sh", "-c", withGrandchild)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	await.Return(t, "the process ids", func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said.WriteString(line)
	})
	err = c.End(syscall.SIGTERM, 10*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(c.PID())) || !strings.Contains(err.Error(), "sleep 600") || !strings.Contains(err.Error(), "10ms") {
		t.Errorf("End = %v, want the process, its command line and the limit", err)
	}
	for _, pid := range strings.Fields(said.String()) {
		await.Until(t, "process "+pid+" to end", func() bool { return !isAlive(pid) })
	}
	if c.IsRunning() {
		t.Error("it runs on")
	}
}
