package operations

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// A PageBlock is one fenced block of a page.
type PageBlock struct {
	Language string // sh is for bash; what others are is known by their scene
	Name     string // unique on all pages
	Text     string // its lines, as they stand
}

var (
	fenced    = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")
	blockHead = regexp.MustCompile(`^([a-z]+) ([a-z][a-z0-9-]*)$`)
	comment   = regexp.MustCompile(`(?s)<!--.*?-->`)
	indented  = regexp.MustCompile(`(?m)\n\n {4}\S.*$`)
)

// parse returns the blocks of a page in their order. Each must say what it is
// by a language and a name that no other has; code that is told by its
// indentation cannot.
func parse(page string) ([]PageBlock, error) {
	var all []PageBlock
	seen := map[string]bool{}
	for _, m := range fenced.FindAllStringSubmatch(page, -1) {
		head := blockHead.FindStringSubmatch(m[1])
		if head == nil {
			return nil, fmt.Errorf("a block begins with %q: write its language and a name, such as \"sh backup\"", m[1])
		}
		if seen[head[2]] {
			return nil, fmt.Errorf("two blocks have the name %q", head[2])
		}
		seen[head[2]] = true
		all = append(all, PageBlock{Language: head[1], Name: head[2], Text: m[2]})
	}
	if found := indented.FindString(fenced.ReplaceAllString(page, "")); found != "" {
		return nil, fmt.Errorf("%q is indented code: give it a fence, a language and a name", found)
	}
	return all, nil
}

// pages reads the operation pages as one text, as seen from any folder of
// fulltest.
func pages(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"operations.md", "high-availability.md", "messages.md"} {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// Blocks returns all blocks of the operation pages.
func Blocks(t testing.TB) []PageBlock {
	t.Helper()
	all, err := parse(pages(t))
	if err != nil {
		t.Fatalf("the operation pages: %v", err)
	}
	return all
}

// Prose returns the pages without their blocks and their remarks for editors.
func Prose(t testing.TB) string {
	t.Helper()
	return comment.ReplaceAllString(fenced.ReplaceAllString(pages(t), ""), "")
}

// Block returns the text of a block of the operation pages, also for a test of
// another folder that runs it. Such a test writes the name as a constant:
// TestPages looks for it in the sources.
func Block(t testing.TB, name string) string {
	t.Helper()
	for _, b := range Blocks(t) {
		if b.Name == name {
			return b.Text
		}
	}
	t.Fatalf("the operation pages have no block %q", name)
	return ""
}
