package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	maxFileLines     = 400
	maxFunctionLines = 50
)

// source is one parsed file of the module.
type source struct {
	name string // from the root of the module, with slashes
	set  *token.FileSet
	file *ast.File
}

func (s source) room() string { return path.Dir(s.name) }

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s source) lines(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

// readSources parses every file of the module, whatever its build tags.
func readSources(t *testing.T, root fs.FS) []source {
	t.Helper()
	var all []source
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && isLeftToOthers(root, name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{name, set, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// isLeftToOthers reports whether a folder is not of this module: one with a go.mod
// of its own (the tools), and what the go command does not see either.
func isLeftToOthers(root fs.FS, name string) bool {
	base := path.Base(name)
	_, err := fs.Stat(root, name+"/go.mod")
	return err == nil || base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// roomOf finds the row of a folder.
func roomOf(folder string) (room, bool) {
	if r, ok := rooms[folder]; ok {
		return r, true
	}
	for name, r := range rooms {
		if below, ok := strings.CutSuffix(name, "..."); ok && strings.HasPrefix(folder, below) {
			return r, true
		}
	}
	return room{}, false
}

// findFaults returns what one file does against the plan.
func findFaults(s source) []string {
	r, ok := roomOf(s.room())
	if !ok {
		return []string{"folder " + s.room() + " has no row in rooms of internal/arch/rooms_test.go"}
	}
	var all []string
	for _, spec := range s.file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return []string{err.Error()}
		}
		if why := whyRefused(s, r, name); why != "" {
			all = append(all, "imports "+name+": "+why)
		}
	}
	return append(append(all, findUnboundedWaits(s)...), findTooLong(s)...)
}

// endless are calls that wait for others without a deadline, and what has one.
var endless = map[string]string{
	"CombinedOutput": "use child.Output of internal/child, which ends at a limit, with all that the program started",
	"http.Get":       "use a client with a Timeout, or a request with a context that has a deadline",
	"http.Post":      "as for http.Get",
}

// findUnboundedWaits returns the calls of a file that may never return.
func findUnboundedWaits(s source) []string {
	var all []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.SelectorExpr)
		if !ok || s.room() == "internal/child" {
			return true
		}
		name := call.Sel.Name
		if from, ok := call.X.(*ast.Ident); ok && from.Name == "http" {
			name = "http." + name
		}
		if instead, never := endless[name]; never {
			all = append(all, "calls "+name+", which may never return: "+instead)
		}
		return true
	})
	return all
}

// whyRefused says why a file may not import a package, or nothing.
func whyRefused(s source, r room, name string) string {
	folder, own := strings.CutPrefix(name, module+"/")
	first, _, _ := strings.Cut(name, "/")
	switch {
	case slices.Contains(forbidden[s.room()], name) && !s.isTest():
		return "the room " + s.room() + " must not know it"
	case name == "os/exec":
		if !r.exec && !(s.isTest() && execInTests[s.room()]) {
			return "only the rooms with exec start programs"
		}
	case own:
		allowed := slices.Contains(r.ours, folder) || slices.Equal(r.ours, everything)
		inTest := folder == s.room() || slices.Contains(r.tests, folder) || slices.Contains(forTests, folder)
		if !allowed && !(s.isTest() && inTest) {
			return "no arrow leads from " + s.room() + " to it"
		}
	case strings.Contains(first, "."):
		if !isWithin(r.outside, name) && !(s.isTest() && isWithin(testModules, name)) {
			return "this library is not named for " + s.room()
		}
	}
	return ""
}

// isWithin reports whether a package belongs to one of the modules.
func isWithin(modules []string, name string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") })
}

// findTooLong returns what is over the sizes of the house. Tests and generated
// files are as long as they are.
func findTooLong(s source) []string {
	if s.isTest() || ast.IsGenerated(s.file) {
		return nil
	}
	var all []string
	if n := s.set.Position(s.file.FileEnd).Line; n > maxFileLines {
		all = append(all, "has "+strconv.Itoa(n)+" lines, over "+strconv.Itoa(maxFileLines)+": look for the missing name")
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := s.lines(f); n > maxFunctionLines {
			all = append(all, "function "+f.Name.Name+" has "+strconv.Itoa(n)+" lines, over "+strconv.Itoa(maxFunctionLines))
		}
		if f.Name.Name == "init" && f.Recv == nil {
			all = append(all, "has a func init: what it does belongs to whoever builds the parts")
		}
	}
	return all
}

func TestEveryFileKeepsToThePlan(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	all := readSources(t, os.DirFS(root))
	if len(all) < 20 {
		t.Fatalf("only %d files found below %s", len(all), root)
	}
	for _, s := range all {
		for _, fault := range findFaults(s) {
			t.Errorf("%s %s", s.name, fault)
		}
	}
}
