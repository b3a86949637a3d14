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
// out, in generated files, and, for errcheck, in a deferred Close or Rollback:
// there the error that matters was returned by what came before.
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
			if d, ok := n.(*ast.DeferStmt); ok && isClose(d.Call) {
				mark(d.Pos(), d.End())
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
