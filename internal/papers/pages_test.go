package papers_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the project's folder.
var root = os.DirFS("../..")

// page is one Markdown file.
type page struct {
	name string // from the root, with slashes
	text string
}

// pages returns all of them but what others wrote.
func pages(t *testing.T) []page {
	t.Helper()
	var all []page
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (base == "node_modules" || name != "." && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".md"):
			all = append(all, page{name, readPage(t, name)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages found", len(all))
	}
	return all
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	fence    = regexp.MustCompile("(?ms)^```([a-z]*)(?: [a-z0-9-]+)?\n(.*?)^```$")
	indented = regexp.MustCompile(`(?m)^    .*$`)
	code     = regexp.MustCompile("`([^`\n]+)`")
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// prose is the text without its blocks of code.
func (p page) prose() string {
	return indented.ReplaceAllString(fence.ReplaceAllString(p.text, ""), "")
}

// codes returns what stands between backticks in a text.
func codes(text string) []string {
	var all []string
	for _, m := range code.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

// blocks returns the blocks of code of a kind, such as yaml.
func (p page) blocks(kind string) []string {
	var all []string
	for _, m := range fence.FindAllStringSubmatch(p.text, -1) {
		if m[1] == kind {
			all = append(all, m[2])
		}
	}
	return all
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchors are the names that links can give to the headings of a page.
func (p page) anchors() []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
		all = append(all, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for _, p := range all {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(p.prose(), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := p.name
			if file != "" {
				target = path.Join(path.Dir(p.name), file)
			}
			if _, err := fs.Stat(root, target); err != nil {
				t.Errorf("%s links to %s: %v", p.name, m[1], err)
				continue
			}
			at := slices.IndexFunc(all, func(q page) bool { return q.name == target })
			if anchor != "" && (at < 0 || !slices.Contains(all[at].anchors(), anchor)) {
				t.Errorf("%s links to %s: %s has no such heading", p.name, m[1], target)
			}
		}
	}
}

func TestLinesCanBeRead(t *testing.T) {
	const longest = 145
	for _, p := range pages(t) {
		for line := range strings.SplitSeq(p.text, "\n") {
			n := len([]rune(line))
			if wraps := !strings.HasPrefix(line, "|") && !strings.Contains(line, "curl "); wraps && n > longest {
				t.Errorf("%s has a line of %d characters, over %d: %.40s...", p.name, n, longest, line)
			}
		}
	}
}

// filePath matches what pages write for a file or a folder of the project.
var filePath = regexp.MustCompile(`^\.?[a-z][a-zA-Z0-9_.-]*(/[a-zA-Z0-9_.-]+)*(/|\.(go|md|yaml|sql|mod))$`)

// TestPathsAreThere looks at the pages about the tree alone: elsewhere paths
// of Asterisk's machine are meant.
func TestPathsAreThere(t *testing.T) {
	for _, name := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md", "docs/adr/0005-dependencies.md"} {
		for _, c := range codes(page{name, readPage(t, name)}.prose()) {
			if !filePath.MatchString(c) {
				continue
			}
			if _, err := fs.Stat(root, strings.TrimSuffix(c, "/")); err == nil {
				continue
			}
			if found, err := fs.Glob(root, "*/"+c); err != nil || len(found) == 0 { // a file named beside its folder
				if found, err = fs.Glob(root, "*/*/"+c); err != nil || len(found) == 0 {
					t.Errorf("%s names %s, which is not there", name, c)
				}
			}
		}
	}
}

func TestEveryFolderIsInTheTree(t *testing.T) {
	tree := readPage(t, "ARCHITECTURE.md")
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		ours := e.IsDir() && (!strings.HasPrefix(e.Name(), ".") || e.Name() == ".ci") && e.Name() != "bin" && e.Name() != "recgate-demo"
		if ours && e.Name() != "internal" && e.Name() != "cmd" && !strings.Contains(tree, "| `"+e.Name()+"/") {
			t.Errorf("ARCHITECTURE.md has no line for %s/", e.Name())
		}
	}
}
