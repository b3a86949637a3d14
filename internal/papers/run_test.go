package papers_test

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var opening = regexp.MustCompile("(?m)^```(.+)$")

// operationPages are the pages whose commands fulltest/operations runs.
var operationPages = []string{"docs/operations.md", "docs/high-availability.md", "docs/messages.md"}

// TestOperationCommandsAreRun: every block of the operation pages has a name,
// and some test in fulltest uses that name. fulltest/operations checks that the
// block really runs; this test needs no server.
func TestOperationCommandsAreRun(t *testing.T) {
	files, err := fs.Glob(root, "fulltest/*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, file := range files {
		tests.WriteString(readPage(t, file))
	}
	blocks := 0
	for _, page := range operationPages {
		for _, m := range opening.FindAllStringSubmatch(readPage(t, page), -1) {
			blocks++
			_, name, named := strings.Cut(m[1], " ")
			switch {
			case !named:
				t.Errorf("%s has a block without a name: write \"%s NAME\", and a scene in fulltest/operations", page, m[1])
			case !strings.Contains(tests.String(), strconv.Quote(name)):
				t.Errorf("no test runs the block %q of %s: add a scene to fulltest/operations", name, page)
			}
		}
	}
	if blocks < 10 {
		t.Fatalf("only %d blocks found", blocks)
	}
}
