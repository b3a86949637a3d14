// Package process runs recgate as it runs in service, as a process of its own,
// for the rooms of fulltest: Build makes the program, New gives it a
// configuration and a log, and what it does when it is killed, stopped or asked
// is then the test's to see.
package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"recgate/internal/child"
)

// longestBuild is how long a build may take while others compile, too.
const longestBuild = 5 * time.Minute

// builds are the programs that this test binary has built.
var builds struct {
	mu    sync.Mutex // guards what follows
	dir   string     // empty unless Main runs
	paths map[string]string
}

// Main runs the tests with a folder to build into, and ends the process. A room
// that builds recgate calls it from its TestMain.
func Main(m *testing.M) {
	dir, remove, err := child.TempDir("recgate-built-")
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // another user may have to run the program
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "a folder to build recgate into:", err)
		os.Exit(1)
	}
	builds.dir, builds.paths = dir, map[string]string{}
	code := m.Run()
	_ = remove() // a leftover in the temporary folder harms nobody
	os.Exit(code)
}

// Build returns the path of recgate, built with these flags of "go build", once
// for all tests of a room.
func Build(t testing.TB, flags ...string) string {
	t.Helper()
	builds.mu.Lock()
	defer builds.mu.Unlock()
	if builds.dir == "" {
		t.Fatal("TestMain has to call process.Main")
	}
	key := strings.Join(flags, " ")
	if path, have := builds.paths[key]; have {
		return path
	}
	path := filepath.Join(builds.dir, fmt.Sprint(len(builds.paths)), "recgate")
	args := append([]string{"build", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, "recgate/cmd/recgate")...) //nolint:noctx // child ends it
	if out, err := child.Output(longestBuild, cmd); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	builds.paths[key] = path
	return path
}
