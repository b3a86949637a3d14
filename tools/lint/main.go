// Command lint runs, in one pass over the packages, the analyzers of the house
// that staticcheck does not have: unchecked and badly compared errors, bodies,
// rows and statements that are not closed, calls out without a context, and
// slog calls in another manner than ours. It exits with 3 when it finds
// something.
//
// An exception is a comment at the end of the line or on the line above,
// naming the analyzer and the reason: //nolint:errcheck // reason.
package main

import (
	"github.com/jingyugao/rowserrcheck/passes/rowserr"
	"github.com/kisielk/errcheck/errcheck"
	"github.com/polyfloyd/go-errorlint/errorlint"
	"github.com/ryanrolds/sqlclosecheck/pkg/analyzer"
	"github.com/sonatard/noctx"
	"github.com/timakin/bodyclose/passes/bodyclose"
	"go-simpler.org/sloglint"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/multichecker"
)

func main() {
	all := []*analysis.Analyzer{
		errcheck.Analyzer,
		errorlint.NewAnalyzer(),
		bodyclose.Analyzer,
		analyzer.NewAnalyzer(),
		rowserr.NewAnalyzer("database/sql"),
		noctx.Analyzer,
		sloglint.New(&sloglint.Options{NoMixedArgs: true, NoGlobal: "all", StaticMsg: true, MsgStyle: "lowercased"}),
	}
	for i, a := range all {
		all[i] = withExceptions(a)
	}
	multichecker.Main(all...)
}
