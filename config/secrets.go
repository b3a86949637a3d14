package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"recgate/smallfile"
)

// readSecrets sets each secret whose twin names a file to the content of the file.
func (l *loader) readSecrets() {
	var files []leaf
	visitLeaves(l.root, "", func(f leaf) {
		if strings.HasSuffix(f.key, "_file") && f.value.String() != "" {
			files = append(files, f)
		}
	})
	for _, f := range files {
		read := readSecret
		e := entry{key: twin(f.key), from: l.from[f.key], kind: text}
		if v, err := l.find(e.key); err == nil && v.Kind() == reflect.Slice {
			e.kind, read = list, readKeys
		}
		var problems []Problem
		e.texts, problems = read(f.value.String())
		if len(problems) == 0 {
			l.apply(e)
		}
		for _, p := range problems {
			if p.From == "" {
				p.From = l.from[f.key]
			}
			p.Key = f.key
			l.problems = append(l.problems, p)
		}
	}
}

// ReadKeys returns the API keys in a file such as legacy.api_keys_file: one per
// line. White space around a key, empty lines and lines that begin with # are
// ignored. The error names every line that is not a valid key, and shows none.
func ReadKeys(path string) ([]string, error) {
	keys, problems := readKeys(path)
	return keys, joinProblems(problems)
}

func readKeys(path string) (keys []string, problems []Problem) {
	data, err := smallfile.Read(path)
	if err != nil {
		return nil, []Problem{{Msg: err.Error()}}
	}
	for i, line := range splitLines(data) {
		key := strings.TrimSpace(line)
		switch {
		case key == "" || strings.HasPrefix(key, "#"):
		case !isKey(key):
			problems = append(problems, Problem{From: lineOf(path, i), Msg: "the line (not shown: it may be a key) contains a space or an unprintable character: write one key per line, and comments on their own lines that begin with #"})
		default:
			keys = append(keys, key)
		}
	}
	if len(keys)+len(problems) == 0 {
		problems = []Problem{{Msg: path + " contains no key: write one key per line"}}
	}
	return keys, problems
}

// readSecret returns the one line of a file as a list of one.
func readSecret(path string) (secret []string, problems []Problem) {
	data, err := smallfile.Read(path)
	if err != nil {
		return nil, []Problem{{Msg: err.Error()}}
	}
	for i, line := range splitLines(data) {
		switch {
		case line == "":
		case len(secret) > 0:
			return nil, []Problem{{From: lineOf(path, i), Msg: "a second line (not shown: it may be the secret): the file may contain only the secret, on one line"}}
		default:
			secret = append(secret, line)
		}
	}
	if len(secret) == 0 {
		problems = []Problem{{Msg: path + " is empty: write the secret into it"}}
	}
	return secret, problems
}

// splitLines splits a text at the line ends of any system.
func splitLines(data []byte) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), "\n")
}

// lineOf names a line of a file for people; line counts from 0.
func lineOf(path string, line int) string { return fmt.Sprintf("%s:%d", path, line+1) }

// isKey reports whether a text can be an API key.
func isKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}
