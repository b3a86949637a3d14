package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"recgate/smallfile"
)

// readSecrets fills each key of Secret from the file that its twin names.
func (l *loader) readSecrets() {
	var files []leaf
	walk(l.root, "", func(f leaf) {
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

// ReadKeys returns the API keys in a file such as legacy.api_keys_file: one a
// line; blanks at its ends, empty lines and those that begin with # are passed
// over. The error names every line that cannot be a key, and shows none.
func ReadKeys(path string) ([]string, error) {
	keys, problems := readKeys(path)
	return keys, joined(problems)
}

func readKeys(path string) (keys []string, problems []Problem) {
	data, err := smallfile.Read(path)
	if err != nil {
		return nil, []Problem{{Msg: err.Error()}}
	}
	for i, line := range lines(data) {
		key := strings.TrimSpace(line)
		switch {
		case key == "" || strings.HasPrefix(key, "#"):
		case !isKey(key):
			problems = append(problems, Problem{From: at(path, i), Msg: "the line (not shown: it may be a key) contains a space or an unprintable character: write one key per line, and comments on their own lines that begin with #"})
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
	for i, line := range lines(data) {
		switch {
		case line == "":
		case len(secret) > 0:
			return nil, []Problem{{From: at(path, i), Msg: "a second line (not shown: it may be the secret): the file may contain only the secret, on one line"}}
		default:
			secret = append(secret, line)
		}
	}
	if len(secret) == 0 {
		problems = []Problem{{Msg: path + " is empty: write the secret into it"}}
	}
	return secret, problems
}

// lines parts a text at the ends of lines of any system.
func lines(data []byte) []string {
	return strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), "\n")
}

// at names a line of a file, counted from 0 here and from 1 in editors.
func at(path string, line int) string { return fmt.Sprintf("%s:%d", path, line+1) }

// isKey reports whether a text can be an API key.
func isKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}
