package arch_test

import (
	"go/ast"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	maxMethods          = 25 // of a type
	maxInterfaceMethods = 5
)

// widths counts the methods of types and of interfaces.
type widths struct {
	methods    map[string]int                // by folder and type
	interfaces map[string]*ast.InterfaceType // by folder and type
}

func measure(all []source) widths {
	w := widths{map[string]int{}, map[string]*ast.InterfaceType{}}
	for _, s := range all {
		if s.isTest() || ast.IsGenerated(s.file) {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					w.methods[s.room()+"."+receiver(d.Recv.List[0].Type)]++
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if t, ok := spec.(*ast.TypeSpec); ok {
						if i, ok := t.Type.(*ast.InterfaceType); ok {
							w.interfaces[s.room()+"."+t.Name.Name] = i
						}
					}
				}
			}
		}
	}
	return w
}

// receiver is the name of the type that a method belongs to.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// width returns how many methods an interface of a folder has, with those of
// the interfaces in it.
func (w widths) width(room string, i *ast.InterfaceType) int {
	n := 0
	for _, f := range i.Methods.List {
		switch t := f.Type.(type) {
		case *ast.FuncType:
			n++
		case *ast.Ident:
			n += w.named(room + "." + t.Name)
		case *ast.SelectorExpr:
			n += w.foreign(t)
		}
	}
	return n
}

func (w widths) named(name string) int {
	i := w.interfaces[name]
	if i == nil {
		return 0
	}
	return w.width(name[:strings.LastIndex(name, ".")], i)
}

// foreign is the width of an interface of another package, whose folder has its
// name at the end. Those of the standard library count as one method.
func (w widths) foreign(t *ast.SelectorExpr) int {
	pkg, ok := t.X.(*ast.Ident)
	if !ok {
		return 1
	}
	for name := range w.interfaces {
		folder, typ, _ := strings.Cut(path.Base(name), ".")
		if folder == pkg.Name && typ == t.Sel.Name {
			return w.named(name)
		}
	}
	return 1
}

// tooWide returns what has more methods than a reader can keep in mind.
func tooWide(all []source) []string {
	w := measure(all)
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(w.methods)) {
		if n := w.methods[name]; n > maxMethods {
			faults = append(faults, "type "+name+" has "+strconv.Itoa(n)+" methods, over "+strconv.Itoa(maxMethods)+": divide it by what its callers want")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.interfaces)) {
		if n := w.named(name); n > maxInterfaceMethods {
			faults = append(faults, "interface "+name+" has "+strconv.Itoa(n)+" methods, over "+strconv.Itoa(maxInterfaceMethods)+": cut it by what one caller calls")
		}
	}
	return faults
}

// TestWidthIsSeen: methods count over all files of a folder, and interfaces with
// those that are in them.
func TestWidthIsSeen(t *testing.T) {
	many := "package x\ntype T struct{}\n" + strings.Repeat("func (T) m() {}\n", 13)
	root := fstest.MapFS{
		"a/a.go": {Data: []byte(many)}, "a/b.go": {Data: []byte("package x\n" + strings.Repeat("func (t *T) m() {}\n", 13))},
		"b/a.go": {Data: []byte("package b; type Four interface { a(); b(); c(); d() }; type Six interface { Four; e(); f() }")},
		"c/a.go": {Data: []byte("package c; type Six interface { b.Four; e(); f() }; type Five interface { b.Four; e() }")},
	}
	faults := tooWide(readSources(t, root))
	if len(faults) != 3 || !strings.HasPrefix(faults[0], "type a.T has 26") || !strings.HasPrefix(faults[1], "interface b.Six has 6") ||
		!strings.HasPrefix(faults[2], "interface c.Six has 6") {
		t.Errorf("faults are %q", faults)
	}
}

func TestNothingIsTooWide(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range tooWide(readSources(t, os.DirFS(root))) {
		t.Error(fault)
	}
}
