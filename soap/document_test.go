package soap_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recgate/recording"
)

// document is what docs/noojee.md says, which the tests hold to.
func document(t *testing.T) string {
	t.Helper()
	return string(readFile(t, filepath.Join("..", "docs", "noojee.md")))
}

// TestDocumentedDivergences compares the rows of the document with the table
// that TestDivergence goes by: same cases, same variants, right test.
func TestDocumentedDivergences(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| `([A-Za-z0-9-]+)` \\| ([a-z, -]+) \\| .+ \\| `TestDivergence/([A-Za-z0-9-]+)` \\|$")
	got := map[string]string{}
	for _, m := range rows.FindAllStringSubmatch(document(t), -1) {
		if m[1] != m[3] {
			t.Errorf("the row of %s names the test of %s", m[1], m[3])
		}
		if got[m[1]] != "" {
			t.Errorf("%s has two rows", m[1])
		}
		got[m[1]] = m[2]
	}
	want := map[string]string{}
	for name, d := range divergences {
		want[name] = "all"
		if d.variants != nil {
			want[name] = strings.Join(d.variants, ", ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/noojee.md differs from the table (-table +document):\n%s", diff)
	}
}

// TestDocumentedOtherStyle compares the list of captures in the document
// with the one of TestOtherStyle.
func TestDocumentedOtherStyle(t *testing.T) {
	_, list, ok := strings.Cut(document(t), "### Answers in the other style")
	if !ok {
		t.Fatal("docs/noojee.md has no such section")
	}
	got := map[string][]string{}
	for _, m := range regexp.MustCompile("`([a-z-]+)/([A-Za-z0-9-]+)`").FindAllStringSubmatch(list, -1) {
		got[m[1]] = append(got[m[1]], m[2])
	}
	if diff := cmp.Diff(otherStyle, got); diff != "" {
		t.Errorf("docs/noojee.md differs from the list (-list +document):\n%s", diff)
	}
}

// TestEveryDivergenceIsCaptured fails on a row or an entry for which there is
// no capture, and on a wrong number of captures in the document.
func TestEveryDivergenceIsCaptured(t *testing.T) {
	all := captures(t)
	has := func(variant, name string) bool {
		return slices.ContainsFunc(all, func(c capture) bool { return c.name == name && (variant == "" || c.variant == variant) })
	}
	for name, d := range divergences {
		if d.variants == nil && !has("", name) {
			t.Errorf("%s was never captured", name)
		}
		for _, v := range d.variants {
			if !has(v, name) {
				t.Errorf("%s/%s was never captured", v, name)
			}
		}
	}
	for v, names := range otherStyle {
		for _, name := range names {
			if !has(v, name) {
				t.Errorf("%s/%s was never captured", v, name)
			}
		}
	}
	if !strings.Contains(document(t), "396 captured exchanges") || len(all) != 396 {
		t.Errorf("there are %d captures", len(all))
	}
}

// TestDocumentedTests fails when the document names a test that is neither
// here nor among those of the server that carries the endpoint.
func TestDocumentedTests(t *testing.T) {
	declared := map[string]bool{}
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	server, err := filepath.Glob("../httpd/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, server...) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				declared[f.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)(?:/[^`]*)?`").FindAllStringSubmatch(document(t), -1)
	if len(named) < len(divergences) {
		t.Errorf("the document names %d tests", len(named))
	}
	for _, m := range named {
		if !declared[m[1]] {
			t.Errorf("the document names %s, which is not there", m[1])
		}
	}
}

// TestDocumentedExtensions runs the table of channel names.
func TestDocumentedExtensions(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| `([^`]+/[^`]+)` \\| (none|`[^`]+`) \\|$").FindAllStringSubmatch(document(t), -1)
	if len(rows) != 15 {
		t.Errorf("the table has %d rows, want 15", len(rows))
	}
	for _, m := range rows {
		want := strings.Trim(m[2], "`")
		if want == "none" {
			want = ""
		}
		if got := recording.Extension(m[1]); got != want {
			t.Errorf("Extension(%q) = %q, the document says %q", m[1], got, want)
		}
	}
}

// TestCapturesAreComplete fails on a request without an answer, an answer
// without a request, and a case that is missing in its table.
func TestCapturesAreComplete(t *testing.T) {
	found := map[string]int{}
	err := filepath.WalkDir(evidence, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Dir(path) != filepath.Clean(evidence) {
			found[strings.TrimSuffix(path, filepath.Ext(path))]++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if found[path] != 2 {
			t.Errorf("%s has %d files, want a request and an answer", path, found[path])
		}
		calls := map[string]string{}
		variant := filepath.Base(filepath.Dir(path))
		readCalls(t, variant, calls)
		if _, ok := calls[variant+"/"+filepath.Base(path)]; !ok {
			t.Errorf("%s is not in the table of its variant", path)
		}
	}
}
