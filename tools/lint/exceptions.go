package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// exception is the comment that takes a line out: names, then a reason.
var exception = regexp.MustCompile(`^//nolint:([a-z,]+) // ?\S`)

// line is a line of a file.
type line struct {
	file   string
	number int
}

// withExceptions returns the analyzer without the findings that a comment takes
// out, in generated files, and, for errcheck, in a deferred Close or Rollback,
// where the error that matters was returned by what came before, and in
// fmt.Fprint and its like: nobody can be told that a terminal is gone.
func withExceptions(a *analysis.Analyzer) *analysis.Analyzer {
	quiet := *a
	quiet.Run = func(pass *analysis.Pass) (any, error) {
		skip := exceptions(pass, a.Name)
		report := pass.Report
		p := *pass
		p.Report = func(d analysis.Diagnostic) {
			at := pass.Fset.Position(d.Pos)
			if !skip[line{at.Filename, at.Line}] {
				d.Message = a.Name + ": " + d.Message
				report(d)
			}
		}
		return a.Run(&p)
	}
	return &quiet
}

// exceptions collects the lines of a package on which the analyzer is not heard.
func exceptions(pass *analysis.Pass, name string) map[line]bool {
	skip := map[line]bool{}
	mark := func(from, to token.Pos) {
		file := pass.Fset.Position(from).Filename
		for n := pass.Fset.Position(from).Line; n <= pass.Fset.Position(to).Line; n++ {
			skip[line{file, n}] = true
		}
	}
	for _, f := range pass.Files {
		if ast.IsGenerated(f) {
			mark(f.FileStart, f.FileEnd)
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				m := exception.FindStringSubmatch(c.Text)
				if m != nil && strings.Contains(","+m[1]+",", ","+name+",") {
					mark(c.Pos(), c.Pos())
					at := pass.Fset.Position(c.Pos())
					skip[line{at.Filename, at.Line + 1}] = true
				}
			}
		}
		if name != "errcheck" {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.DeferStmt:
				if isClose(n.Call) {
					mark(n.Pos(), n.End())
				}
			case *ast.ExprStmt:
				if isPrint(n.X) {
					mark(n.Pos(), n.End())
				}
			}
			return true
		})
	}
	return skip
}

func isClose(c *ast.CallExpr) bool {
	s, ok := c.Fun.(*ast.SelectorExpr)
	return ok && (s.Sel.Name == "Close" || s.Sel.Name == "Rollback")
}

func isPrint(e ast.Expr) bool {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := s.X.(*ast.Ident)
	return ok && pkg.Name == "fmt" && strings.HasPrefix(s.Sel.Name, "Fprint")
}
