package config

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"recgate/smallfile"
)

// kind is what a value looks like in the file.
type kind int

const (
	text kind = iota
	boolean
	null
	list    // of texts
	mapping // or a list of mappings: its keys are entries of their own
)

// entry is one value that was set, with the key in full and where it was set.
// Values are the text as it was written, never converted, so that a secret of
// 0123 stays one.
type entry struct {
	key   string // legacy.get_body, pbx.0.address
	from  string
	kind  kind
	texts []string // one of them, any number for a list
}

// isBlank reports whether the entry is as good as none for a key with a twin.
func (e entry) isBlank() bool {
	return e.kind == null || e.kind == mapping || len(e.texts) == 0 || e.kind == text && e.texts[0] == ""
}

// reader collects the entries of a file.
type reader struct {
	name     string
	entries  []entry
	problems []Problem
}

// readYAML lists what a file sets. Anchors, tags and several documents are
// refused: nothing here is long enough to need them.
func readYAML(name string, data []byte) ([]entry, []Problem) {
	r := &reader{name: name}
	data, err := smallfile.DecodeText(data)
	if err != nil {
		return nil, []Problem{{From: name, Msg: "the file " + err.Error()}}
	}
	if line, ok := findNotUTF8(data); ok {
		return nil, []Problem{{From: fmt.Sprintf("%s:%d", name, line), Msg: "the line contains a character that is not UTF-8: save the file as UTF-8"}}
	}
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.addSyntaxError(err)
		return nil, r.problems
	}
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.NullType {
			bodies = append(bodies, d.Body)
		}
	}
	switch {
	case len(bodies) > 1:
		r.addProblem(bodies[1], "", "the file contains several documents: keep one")
	case len(bodies) == 1:
		if pairs, ok := pairsOf(bodies[0]); ok {
			r.readPairs("", pairs)
		} else {
			r.addProblem(bodies[0], "", "the file contains no keys: write them as key: value")
		}
	}
	return r.entries, r.problems
}

// findNotUTF8 returns the first line, counted from 1, that is not valid UTF-8: read
// as UTF-8 it would lose characters, and a secret would change.
func findNotUTF8(data []byte) (line int, found bool) {
	for text := range bytes.Lines(data) {
		line++
		if !utf8.Valid(text) {
			return line, true
		}
	}
	return 0, false
}

// addSyntaxError adds what the parser did not understand. Only the parser's message
// is used: its full error quotes the lines around it, secrets included.
func (r *reader) addSyntaxError(err error) {
	p := Problem{From: r.name, Msg: "this is not YAML"}
	if e, ok := errors.AsType[*yaml.SyntaxError](err); ok {
		p.From, p.Msg = r.placeOf(e.Token), "this is not YAML: "+e.Message
	}
	r.problems = append(r.problems, p)
}

func (r *reader) placeOf(t *token.Token) string {
	if t == nil || t.Position == nil {
		return r.name
	}
	return fmt.Sprintf("%s:%d", r.name, t.Position.Line)
}

func (r *reader) addProblem(n ast.Node, key, msg string) {
	r.problems = append(r.problems, Problem{From: r.placeOf(n.GetToken()), Key: key, Msg: msg})
}

func (r *reader) addEntry(n ast.Node, key string, k kind, texts ...string) {
	r.entries = append(r.entries, entry{key: key, from: r.placeOf(n.GetToken()), kind: k, texts: texts})
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (r *reader) readPairs(prefix string, pairs []*ast.MappingValueNode) {
	seen := map[string]bool{}
	for _, p := range pairs {
		name, ok := p.Key.(*ast.StringNode)
		if !ok || strings.Contains(name.Value, ".") {
			r.addProblem(p, strings.TrimSuffix(prefix, "."), "a key here is not a plain word")
			continue
		}
		key := prefix + name.Value
		if seen[key] {
			r.addProblem(name, key, "is set twice: keep one")
		}
		seen[key] = true
		r.readValue(key, p.Value)
	}
}

func (r *reader) readValue(key string, n ast.Node) {
	if s, ok := scalar(n); ok {
		k := text
		if n.Type() == ast.BoolType {
			k = boolean
		}
		r.addEntry(n, key, k, s)
		return
	}
	if pairs, ok := pairsOf(n); ok {
		r.addEntry(n, key, mapping)
		r.readPairs(key+".", pairs)
		return
	}
	switch n := n.(type) {
	case *ast.NullNode:
		r.addEntry(n, key, null)
	case *ast.SequenceNode:
		r.readSequence(key, n)
	default:
		r.addProblem(n, key, "anchors, aliases and tags are not supported: write the value itself")
	}
}

// readSequence reads a list, either of texts or of mappings.
func (r *reader) readSequence(key string, n *ast.SequenceNode) {
	var texts []string
	for i, item := range n.Values {
		if s, ok := scalar(item); ok {
			texts = append(texts, s)
			continue
		}
		r.readValue(key+"."+strconv.Itoa(i), item)
	}
	if len(texts) > 0 || len(n.Values) == 0 {
		r.addEntry(n, key, list, texts...)
	}
}

// scalar returns the text of a single value as it was written.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
