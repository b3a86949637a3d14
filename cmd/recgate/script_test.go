package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the whole-program scripts of testdata, in the language of
// testscript. Besides its own commands there is
//
//	code N recgate ARGS     runs the program, and its exit code has to be N
//	scene NAME              makes a database with its files, see scene
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		Setup:              asRecgate,
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"code": code, "scene": scene},
		RequireUniqueNames: true,
	})
}

// asRecgate makes this test binary the program recgate of a script.
func asRecgate(env *testscript.Env) error {
	bin := filepath.Join(env.WorkDir, ".bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
	env.Setenv("GOCOVERDIR", env.Getenv("TMPDIR"))
	env.Setenv(asProgram, "1")
	return os.Symlink(self(), filepath.Join(bin, "recgate"))
}

// code is the command of that name.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, failed := 0, (*exec.ExitError)(nil)
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("the exit code is %d, want %d", got, want)
	}
}
