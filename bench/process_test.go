package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/internal/child"
)

// process is a running program whose use of the machine is watched. What it
// uses is read from /proc, which only Linux has.
type process struct {
	*exec.Cmd
	end func() // once; it waits until the program is gone
}

// launch starts a program that ends with the benchmark at the latest.
func launch(b *testing.B, cmd *exec.Cmd) process {
	b.Helper()
	running, err := child.Start(cmd)
	if err != nil {
		b.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		b.Helper()
		if !running.IsRunning() {
			b.Errorf("%s ended before the benchmark: %v", running, cmd.ProcessState)
		}
		var exit *exec.ExitError // a program that was interrupted may say so
		if err := running.End(os.Interrupt, time.Minute); err != nil && !errors.As(err, &exit) {
			b.Error(err)
		}
	})
	b.Cleanup(end)
	return process{cmd, end}
}

func (p process) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.Process.Pid), name)
}

// cpu returns the time on a CPU of all threads so far, in nanoseconds: the
// first number of schedstat. Go's threads do not end.
func (p process) cpu(b *testing.B) float64 {
	b.Helper()
	files, err := filepath.Glob(p.proc("task/*/schedstat"))
	if err != nil || len(files) == 0 {
		b.Fatalf("no schedstat of the server: %v", err)
	}
	var sum float64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseFloat(first, 64)
		if err != nil {
			b.Fatalf("%s: %v", file, err)
		}
		sum += ns
	}
	return sum
}

// memory returns the resident memory in bytes: now, and the most since
// forgetPeak was called.
func (p process) memory(b *testing.B) (now, peak float64) {
	b.Helper()
	text, err := os.ReadFile(p.proc("status"))
	if err != nil {
		b.Fatal(err)
	}
	value := func(name string) float64 {
		_, rest, found := bytes.Cut(text, []byte("\n"+name+":"))
		var kB float64
		if _, err := fmt.Sscan(string(rest), &kB); err != nil || !found {
			b.Fatalf("no %s in the status of the server: %v", name, err)
		}
		return kB * 1024
	}
	return value("VmRSS"), value("VmHWM")
}

// forgetPeak lets the peak begin again at what is resident now.
func (p process) forgetPeak(b *testing.B) {
	b.Helper()
	if err := os.WriteFile(p.proc("clear_refs"), []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
}
