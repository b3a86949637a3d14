package main

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestScripts runs the whole-program scripts of testdata. They are written in
// a part of the language of rogpeppe's testscript: files follow the script
// behind lines "-- NAME --"; a command may stand behind "! ".
//
//	exec recgate ARGS     runs the program; behind ! it has to fail
//	code N                the exit code of the last run was N
//	stdout RE, stderr RE  the last run wrote a text that matches
//	env NAME=VALUE        for the runs that follow
//	exists FILE           the file is there
func TestScripts(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s := &script{dir: t.TempDir()}
			for number, line := range s.unpack(t, string(text)) {
				if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
					continue
				}
				if why := s.run(t, line); why != "" {
					t.Fatalf("%s:%d: %s: %s\ncode %d\nstdout:\n%s\nstderr:\n%s", name, number+1, line, why, s.last.code, s.last.stdout, s.last.stderr)
				}
			}
		})
	}
}

// script is one script under way.
type script struct {
	dir  string
	env  []string
	last said
}

var fileMark = regexp.MustCompile(`^-- (.+) --$`)

// unpack writes the files of a script and returns its lines.
func (s *script) unpack(t *testing.T, text string) (lines []string) {
	t.Helper()
	file, body := "", strings.Builder{}
	end := func() {
		if file == "" {
			return
		}
		path := filepath.Join(s.dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		body.Reset()
	}
	for in := bufio.NewScanner(strings.NewReader(text)); in.Scan(); {
		if m := fileMark.FindStringSubmatch(in.Text()); m != nil {
			end()
			file = m[1]
			continue
		}
		if file == "" {
			lines = append(lines, in.Text())
		} else {
			body.WriteString(strings.ReplaceAll(in.Text(), "$WORK", s.dir) + "\n")
		}
	}
	end()
	return lines
}

// run does one line, and says what was not as it should be.
func (s *script) run(t *testing.T, line string) string {
	t.Helper()
	rest, not := strings.CutPrefix(line, "! ")
	command, rest, _ := strings.Cut(rest, " ")
	rest = strings.TrimSpace(rest)
	is, what := false, ""
	switch command {
	case "exec":
		args := strings.Fields(rest)
		if len(args) == 0 || args[0] != "recgate" {
			return "only recgate can be run"
		}
		s.last = recgate(t, s.dir, s.env, args[1:]...)
		is, what = s.last.code == 0, "success"
	case "code":
		is, what = rest == strconv.Itoa(s.last.code), "that code"
	case "stdout":
		is, what = matches(s.last.stdout, rest), "a match"
	case "stderr":
		is, what = matches(s.last.stderr, rest), "a match"
	case "env":
		s.env = append(s.env, rest)
		return ""
	case "exists":
		_, err := os.Stat(filepath.Join(s.dir, rest))
		is, what = err == nil, "such a file"
	default:
		return "no such command"
	}
	switch {
	case is && not:
		return "there is " + what
	case !is && !not:
		return "there is not " + what
	}
	return ""
}

// matches tells whether a text matches; $ is the end of a line, and quotes
// around the pattern are left out.
func matches(text, pattern string) bool {
	return regexp.MustCompile("(?m)" + strings.Trim(pattern, "'")).MatchString(text)
}
