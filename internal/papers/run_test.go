package papers_test

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var opening = regexp.MustCompile("(?m)^```(.+)$")

// TestCommandsOfOperationAreRun: every block of docs/operations.md has a name,
// and a test of fulltest that names it. fulltest/operations then sees that it
// was really run; here it is found out without a server.
func TestCommandsOfOperationAreRun(t *testing.T) {
	files, err := fs.Glob(root, "fulltest/*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, file := range files {
		tests.WriteString(read(t, file))
	}
	openings := opening.FindAllStringSubmatch(read(t, "docs/operations.md"), -1)
	if len(openings) < 10 {
		t.Fatalf("only %d blocks found", len(openings))
	}
	for _, m := range openings {
		_, name, named := strings.Cut(m[1], " ")
		switch {
		case !named:
			t.Errorf("docs/operations.md has a block without a name: write \"%s NAME\", and a scene in fulltest/operations", m[1])
		case !strings.Contains(tests.String(), strconv.Quote(name)):
			t.Errorf("no test runs the block %q of docs/operations.md: add a scene to fulltest/operations", name)
		}
	}
}
