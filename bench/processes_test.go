package bench

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// processes are servers that start others to do their work.
type processes []process

// cpu is as process.cpu, for all and their children. What a child used that
// has ended is added by its parent, in ticks of 10 ms.
func (p processes) cpu(b *testing.B) float64 {
	b.Helper()
	var sum float64
	for _, one := range p {
		sum += one.cpu(b) + one.endedCPU(b)
		for _, child := range one.children(b) {
			sum += child.cpu(b)
		}
	}
	return sum
}

// children are the processes that p has started, and only those: neither
// nginx nor PHP-FPM goes deeper.
func (p process) children(b *testing.B) []process {
	b.Helper()
	text, err := os.ReadFile(p.proc("task/" + strconv.Itoa(p.Process.Pid) + "/children"))
	if err != nil {
		b.Fatal(err)
	}
	var found []process
	for _, field := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		child, err := os.FindProcess(pid)
		if err != nil {
			b.Fatal(err)
		}
		cmd := *p.Cmd
		cmd.Process = child
		found = append(found, process{&cmd, p.end})
	}
	return found
}

// endedCPU is the time of children that have ended (proc(5), cutime and cstime).
func (p process) endedCPU(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(p.proc("stat"))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	const cutime, tick = 16 - 3, 1e7
	user, err := strconv.ParseFloat(fields[cutime], 64)
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.ParseFloat(fields[cutime+1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return (user + system) * tick
}
