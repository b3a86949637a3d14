package papers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"recgate/recording"
)

// line is a key of the sample file, at one of its three levels.
var line = regexp.MustCompile(`(?m)^( {0,4})(?:- )?([a-z_]+):`)

// keys returns the keys of the sample file, each with its sections: legacy.allow,
// legacy.limits.burst.
func keys(t *testing.T) []string {
	t.Helper()
	var all []string
	section, below := "", ""
	for _, m := range line.FindAllStringSubmatch(readPage(t, "recgate.example.yaml"), -1) {
		all = append(all, m[2])
		switch {
		case m[1] == "":
			section = m[2]
		case len(m[1]) == 2 || section == "pbx": // a list, whose keys stand further right
			below = m[2]
			all = append(all, section+"."+below)
		default:
			all = append(all, section+"."+below+"."+m[2])
		}
	}
	if len(all) < 30 {
		t.Fatalf("only %d keys found", len(all))
	}
	return append(all, "endpoint", "extension") // in a comment there
}

var (
	looksLikeKey = regexp.MustCompile(`^((legacy|pbx|tls|limits|metrics|health)(\.[a-z_]+)+|[a-z]+(_[a-z]+)+)(: .*)?$`)
	underlined   = regexp.MustCompile(`[{,] *([a-z_]+):`)
)

// foreign are names that look like keys and are none: of Asterisk and MySQL, a
// host in the captures, tables of the database, outcomes of the metrics, an
// attribute of the log.
var foreign = []string{
	"direct_media", "innodb_flush_log_at_trx_commit", "wsrep_sync_wait", "pbx.example", "access_log", "call_parts", "not_found", "not_ready", "cut_off", "took_ms", "api_key",
}

func TestKeysAreThere(t *testing.T) {
	known := append(append(keys(t), foreign...), reasonCodes(t)...)
	for _, p := range pages(t) {
		var named []string
		for _, block := range p.blocks("yaml") {
			for _, pattern := range []*regexp.Regexp{line, underlined} {
				for _, m := range pattern.FindAllStringSubmatch(block, -1) {
					named = append(named, m[len(m)-1])
				}
			}
		}
		for _, c := range codes(p.prose()) {
			if looksLikeKey.MatchString(c) && !strings.HasPrefix(c, "recgate_") {
				key, _, _ := strings.Cut(c, ":")
				named = append(named, key)
			}
		}
		for _, key := range named {
			if !slices.Contains(known, key) {
				t.Errorf("%s names the key %s, which recgate.example.yaml does not have", p.name, key)
			}
		}
	}
}

// commands are the fields of the command line's struct with the tag cmd.
func commands(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "cli.go", readPage(t, "cmd/recgate/cli.go"), parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil && len(f.Names) == 1 {
			if tag, err := strconv.Unquote(f.Tag.Value); err == nil {
				if _, isCommand := reflect.StructTag(tag).Lookup("cmd"); isCommand {
					all = append(all, strings.ToLower(f.Names[0].Name))
				}
			}
		}
		return true
	})
	return all
}

// called matches a call of the program in code: recgate serve.
var called = regexp.MustCompile(`(?:^ *|&& |exec |cmd/|bin/)recgate ([a-z]+)`)

func TestCommandsAreThere(t *testing.T) {
	known := commands(t)
	if len(known) < 5 {
		t.Fatalf("only %v found", known)
	}
	readme, manual := readPage(t, "README.md"), readPage(t, "packaging/debian/recgate.1")
	for _, c := range known {
		if !regexp.MustCompile(`(?m)^\.BR? "?` + c + `\b`).MatchString(manual) {
			t.Errorf("the manual page does not name recgate %s", c)
		}
		if !strings.Contains(readme, "recgate "+c) {
			t.Errorf("README.md does not name recgate %s", c)
		}
	}
	for _, p := range pages(t) {
		lines := codes(p.prose())
		for _, block := range append(p.blocks("sh"), indented.FindAllString(p.text, -1)...) {
			lines = append(lines, strings.Split(block, "\n")...)
		}
		for _, l := range lines {
			for _, m := range called.FindAllStringSubmatch(l, -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("%s calls recgate %s, which is no command: %s", p.name, m[1], l)
				}
			}
		}
	}
}

func TestMetricsAreThere(t *testing.T) {
	source := readPage(t, "metrics/metrics.go") + readPage(t, "metrics/door.go") + readPage(t, "metrics/ledger.go")
	for _, p := range pages(t) {
		for _, c := range codes(p.prose()) {
			if strings.HasPrefix(c, "recgate_") && !strings.Contains(source, strconv.Quote(c)) {
				t.Errorf("%s names the metric %s, which metrics.go does not have", p.name, c)
			}
		}
	}
}

var required = regexp.MustCompile(`(?m)^(?:require )?\t?([a-z][^\s/]*\.[^\s/]+/\S+|modernc\.org/\S+) (v\S+)$`)

func TestEveryLibraryIsExplained(t *testing.T) {
	explained := readPage(t, "docs/adr/0005-dependencies.md")
	for mod, least := range map[string]int{"go.mod": 5, "tools/go.mod": 5, "tools/deb/go.mod": 1} {
		all := required.FindAllStringSubmatch(readPage(t, mod), -1)
		if len(all) < least {
			t.Fatalf("%s: only %d requirements found", mod, len(all))
		}
		for _, m := range all {
			if !strings.Contains(explained, "| "+m[1]+" | "+m[2]+" |") {
				t.Errorf("docs/adr/0005-dependencies.md has no row for %s %s of %s", m[1], m[2], mod)
			}
		}
	}
}

// rooms are where texts for callers and operators are written.
var rooms = []string{"cmd/recgate", "proof", "recording", "recorder", "collect", "retrieve", "ledger", "book", "job", "mark", "spool", "ami", "asterisk", "store", "blob", "disk", "soap", "httpd", "auth"}

// productText is a string of the program, in which a verb stands for anything.
type productText struct {
	pattern *regexp.Regexp
	letters int // besides its verbs
}

var verb = regexp.MustCompile(`%[#+]?[qsdvU]`)

// matches leaves out strings that are hardly more than verbs: they fit anything.
func (s productText) matches(text string) bool {
	return 3*s.letters > len(text) && s.pattern.MatchString(text)
}

// productTexts returns every string of the code; those joined by a plus are one.
func productTexts(t *testing.T) []productText {
	t.Helper()
	var all []productText
	for _, room := range rooms {
		names, err := fs.Glob(root, room+"/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, readPage(t, name), parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok && strings.Contains(joinStrings(e), " ") {
					pattern := verb.ReplaceAllString(regexp.QuoteMeta(joinStrings(e)), ".+")
					all = append(all, productText{regexp.MustCompile("^" + pattern + "$"), len(verb.ReplaceAllString(joinStrings(e), ""))})
				}
				return true
			})
		}
	}
	return all
}

// joinStrings is the value of a string, or of strings with a plus between them;
// what is not a constant stands as a verb.
func joinStrings(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		left, right := joinStrings(e.X), joinStrings(e.Y)
		switch {
		case left == "" && right == "":
		case left == "":
			return "%s" + right
		case right == "":
			return left + "%s"
		default:
			return left + right
		}
	}
	return ""
}

// reasonCodes are the codes that the table of the reasons explains, alone and
// with what can follow them.
func reasonCodes(t *testing.T) []string {
	t.Helper()
	_, table, found := strings.Cut(readPage(t, "docs/messages.md"), "\n## States and reasons\n")
	if !found {
		t.Fatal("docs/messages.md has no section on states and reasons")
	}
	table, _, _ = strings.Cut(table, "\n###")
	all := codes(table)
	for i := range all {
		all[i] = strings.TrimPrefix(all[i], "+")
	}
	return append(all, "reason_code", "reason_detail")
}

// TestEveryReasonIsExplained looks for each code where operators read of them.
func TestEveryReasonIsExplained(t *testing.T) {
	explained := reasonCodes(t)
	for _, code := range recording.ReasonCodes() {
		if !slices.Contains(explained, string(code)) {
			t.Errorf("docs/messages.md does not explain the reason %s", code)
		}
	}
}

// TestTextsAreThoseOfTheProgram reads the columns "text" and "reason" of the
// tables: an operator looks there for what the log says, to the letter.
func TestTextsAreThoseOfTheProgram(t *testing.T) {
	known := productTexts(t)
	column, checked := 0, 0
	for row := range strings.SplitSeq(readPage(t, "docs/messages.md"), "\n") {
		switch cells := strings.Split(row, "|"); {
		case len(cells) < 3:
			column = 0
		case strings.Contains(row, "| text |"), strings.Contains(row, "| reason |"):
			column = slices.IndexFunc(cells, func(c string) bool { return c == " text " || c == " reason " })
		case column > 0:
			for _, c := range codes(cells[column]) {
				if !strings.Contains(c, " ") {
					continue
				}
				checked++
				if !slices.ContainsFunc(known, func(s productText) bool { return s.matches(c) }) {
					t.Errorf("docs/messages.md explains %q, which the program does not say", c)
				}
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d texts found", checked)
	}
}
